// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBase} from "./ExitBase.sol";
import {IExchangeAdmin} from "./interfaces/IExchangeAdmin.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {IExchangeGovernance} from "./interfaces/IExchangeGovernance.sol";
import {exitState} from "./libraries/ExitState.sol";
import {MarketWord} from "./libraries/MarketWord.sol";
import {FROZEN, PAUSING, SEALED} from "./libraries/Phase.sol";
import {RiskMath} from "./libraries/RiskMath.sol";

/// @notice The timelock, the guardian, and parameters in small steps.
abstract contract Governance is ExitBase, IExchangeGovernance {
    /// Custody-relevant changes wait this many freeze delays: everybody can be out before one takes effect.
    uint256 internal constant TIMELOCK_DELAYS = 2;
    /// A scheduled call that nobody has made by then is void: old approvals are not kept for later.
    uint256 internal constant GRACE_S = 14 days;
    uint64 internal constant PAUSE_S = 3 days;
    uint256 internal constant STEP_INTERVAL_S = 1 days;
    /// A parameter moves by at most a fourth of itself.
    uint256 internal constant STEP_DIVISOR = 4;

    modifier onlyAdmin() {
        if (msg.sender != adminAddress) revert IExchangeAdmin.NotAdmin(msg.sender);
        _;
    }

    /// @dev The admin, and once users are here only the very call that was scheduled `delayS` ago.
    modifier governed(uint256 delayS) {
        if (msg.sender != adminAddress) revert IExchangeAdmin.NotAdmin(msg.sender);
        if (phase & FROZEN != 0) revert IExchangeExit.Frozen();
        if (phase & SEALED != 0) _useSchedule(delayS);
        _;
    }

    /// @inheritdoc IExchangeGovernance
    function schedule(bytes calldata call) external onlyAdmin returns (bytes32 id) {
        id = keccak256(call);
        exitState().scheduled[id] = block.timestamp;
        emit CallScheduled(id, call, block.timestamp);
    }

    /// @inheritdoc IExchangeGovernance
    function unschedule(bytes32 id) external {
        if (msg.sender != adminAddress && msg.sender != exitState().guardian) {
            revert NotGuardian(msg.sender);
        }
        if (exitState().scheduled[id] == 0) revert NotScheduled(id);
        delete exitState().scheduled[id];
        emit CallUnscheduled(id);
    }

    /// @inheritdoc IExchangeGovernance
    function setGuardian(address guardian_) external governed(timelockS()) {
        exitState().guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    /// @inheritdoc IExchangeGovernance
    function setMargins(uint8 market, uint16 imBps, uint16 mmBps)
        external
        governed(DIRECT_DELAY_S)
    {
        MarketWord word = MarketWord.wrap(market < MARKETS_MAX ? marketWords[market] : 0);
        if (!word.isListed()) revert IExchangeAdmin.InvalidListing(market, "market");
        if (imBps > RiskMath.BPS) revert IExchangeAdmin.InvalidListing(market, "imBps");
        if (mmBps == 0 || mmBps > imBps) revert IExchangeAdmin.InvalidListing(market, "mmBps");
        uint256 from = exitState().stepTimes[market] + STEP_INTERVAL_S;
        if (block.timestamp < from) revert IExchangeExit.TooEarly(block.timestamp, from);
        _checkStep(market, "imBps", word.imBps(), imBps);
        _checkStep(market, "mmBps", word.mmBps(), mmBps);
        exitState().stepTimes[market] = block.timestamp;
        marketWords[market] = MarketWord.unwrap(word.withMargins(imBps, mmBps));
        emit MarginsSet(market, imBps, mmBps);
    }

    /// @inheritdoc IExchangeGovernance
    function pauseNewRisk() external {
        if (msg.sender != exitState().guardian) revert NotGuardian(msg.sender);
        uint256 rested = uint256(exitState().pauseUntil) + PAUSE_S;
        if (exitState().pauseUntil != 0 && block.timestamp < rested) {
            revert IExchangeExit.TooEarly(block.timestamp, rested);
        }
        // What was matched before the pause was known still settles.
        uint64 from = uint64(block.timestamp + SETTLEMENT_LAG_S);
        exitState().pauseFrom = from;
        exitState().pauseUntil = from + PAUSE_S;
        phase |= PAUSING;
        emit PauseScheduled(from, from + PAUSE_S);
    }

    /// @inheritdoc IExchangeGovernance
    function endPause() external {
        if (msg.sender != adminAddress && msg.sender != exitState().guardian) {
            revert NotGuardian(msg.sender);
        }
        phase &= ~PAUSING;
        emit PauseEnded();
    }

    /// @inheritdoc IExchangeGovernance
    function guardian() external view returns (address) {
        return exitState().guardian;
    }

    /// @inheritdoc IExchangeGovernance
    function isSealed() external view returns (bool) {
        return phase & SEALED != 0;
    }

    /// @inheritdoc IExchangeGovernance
    function timelockS() public view returns (uint256) {
        return TIMELOCK_DELAYS * FREEZE_DELAY_S;
    }

    /// @inheritdoc IExchangeGovernance
    function scheduledAt(bytes32 id) external view returns (uint256) {
        return exitState().scheduled[id];
    }

    /// @inheritdoc IExchangeGovernance
    function pauseTimes() external view returns (uint64 from, uint64 until) {
        if (phase & PAUSING == 0) return (0, 0);
        return (exitState().pauseFrom, exitState().pauseUntil);
    }

    function _useSchedule(uint256 delayS) private {
        bytes32 id = keccak256(msg.data);
        uint256 from = exitState().scheduled[id];
        if (from == 0) revert NotScheduled(id);
        from += delayS;
        if (block.timestamp < from) revert IExchangeExit.TooEarly(block.timestamp, from);
        uint256 until = from + GRACE_S;
        if (block.timestamp > until) revert IExchangeExit.TooLate(block.timestamp, until);
        delete exitState().scheduled[id];
    }

    function _checkStep(uint8 market, string memory field, uint256 from, uint256 to) private pure {
        if ((from > to ? from - to : to - from) > from / STEP_DIVISOR) {
            revert StepTooLarge(market, field, from, to);
        }
    }
}
