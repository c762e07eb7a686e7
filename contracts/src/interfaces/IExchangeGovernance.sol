// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Who may change what, and how long everybody can see it coming. Until the first deposit the admin sets the
/// exchange up at once; from then on a change is scheduled, waited for, and carried out by making the scheduled call.
/// Whatever the schedule: no role moves a user's funds, and no role stops a user from leaving.
interface IExchangeGovernance {
    /// @notice The call may be made from `time` on.
    event CallScheduled(bytes32 indexed id, bytes call, uint256 time);
    /// @notice A scheduled call was taken back.
    event CallUnscheduled(bytes32 indexed id);
    /// @notice Who may pause new risk.
    event GuardianSet(address indexed guardian);
    /// @notice Positions may only shrink in between, seconds.
    event PauseScheduled(uint64 from, uint64 until);
    /// @notice New risk is welcome again.
    event PauseEnded();
    /// @notice Margin fractions from now on.
    event MarginsSet(uint8 indexed market, uint16 imBps, uint16 mmBps);

    /// @notice Only the guardian may.
    error NotGuardian(address caller);
    /// @notice The call was not scheduled, or waits, or has lapsed.
    error NotScheduled(bytes32 id);
    /// @notice Too large a step, or too soon after the last.
    error StepTooLarge(uint8 market, string field, uint256 from, uint256 to);

    /// @notice Schedules a call of this contract by the admin, calldata as it will be made.
    function schedule(bytes calldata call) external returns (bytes32 id);

    /// @notice Takes a scheduled call back; admin or guardian.
    function unschedule(bytes32 id) external;

    /// @notice Names the guardian, or nobody; timelocked.
    function setGuardian(address guardian) external;

    /// @notice New margins of a market: a quarter up or down at most, once a day, after D.
    function setMargins(uint8 market, uint16 imBps, uint16 mmBps) external;

    /// @notice The guardian's only power: from the settlement lag on, for three days, positions may only shrink. Deposits,
    /// reductions, liquidations, withdrawals and the ways out go on. It cannot be renewed before it has rested as long.
    function pauseNewRisk() external;

    /// @notice Ends a pause; guardian or admin.
    function endPause() external;

    /// @notice Who may pause new risk.
    function guardian() external view returns (address);

    /// @notice Whether the set-up is over.
    function isSealed() external view returns (bool);

    /// @notice Seconds between scheduling and executing what touches custody: twice the freeze delay.
    function timelockS() external view returns (uint256);

    /// @notice When a call was scheduled; zero if it is not.
    function scheduledAt(bytes32 id) external view returns (uint256);

    /// @notice From when until when new risk is paused; both zero when no pause was asked for.
    function pauseTimes() external view returns (uint64 from, uint64 until);
}
