// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A withdrawal asked for on-chain.
/// @param amount What is still to be paid, micro-USDC; zero means there is none.
/// @param claimableAt From this block time on anybody may have it paid.
struct WithdrawRequest {
    uint64 amount;
    uint64 claimableAt;
}

/// @notice A reduction asked for on-chain.
/// @param lots What is still to be closed; zero means there is none.
/// @param withdraw What to pay out along with it, micro-USDC.
/// @param requestedAt Block time of the request.
/// @param isLong Side of the position when it was asked for.
struct ForceRequest {
    uint56 lots;
    uint64 withdraw;
    uint64 requestedAt;
    bool isLong;
}

/// @notice The end of one lane, asked for on-chain.
struct LaneCancel {
    uint32 seq;
    uint64 effectiveAt;
}

/// @notice One account's share of a frozen exchange.
struct Claim {
    uint128 equity;
    bool registered;
    bool paid;
}

/// @notice The division of a frozen exchange. `assets`, `claimed` and `reserved` are final once `closed` is set.
struct Freeze {
    uint64 frozenAt;
    bool closed; // registration is over
    uint128 assets; // deposits less withdrawals at the freeze
    uint128 claimed; // sum of registered positive equity
    uint128 leftover; // assets nobody registered for
}

/// @notice A bucket that leaks: what was paid, less what time has forgiven.
struct Outflow {
    uint96 hour;
    uint96 day;
    uint64 time;
}

/// @notice What the way out needs, outside the accounts and outside what a batch reads.
struct ExitState {
    Freeze freeze;
    Outflow outflow;
    uint128 owedTotal;
    uint64 pauseFrom;
    uint64 pauseUntil;
    uint64 forceTime; // block time of the last forced reduction
    uint128 forceQuote; // notional the backstop took at that time
    mapping(address owner => uint256) owed;
    mapping(address owner => uint256) floorUsed; // amount << 64 | time
    mapping(uint256 holder => WithdrawRequest) withdrawRequests;
    mapping(uint256 holderMarket => ForceRequest) forceRequests;
    mapping(uint256 holderLane => LaneCancel) laneCancels;
    mapping(uint256 holder => Claim) claims;
    uint256[64] slowMarks; // SlowMark
    address guardian;
    mapping(bytes32 call => uint256) scheduled; // block time
    mapping(uint256 market => uint256) stepTimes; // block time of the last change of margins
}

// Below every account's slots (an owner is at least 1 << 96) and far above ordinary storage.
uint256 constant EXIT_STATE_SLOT = 1 << 64;

function exitState() pure returns (ExitState storage state) {
    assembly ("memory-safe") {
        state.slot := EXIT_STATE_SLOT
    }
}

/// @notice Key of one account.
function holderOf(address owner, uint8 subaccount) pure returns (uint256) {
    return (uint256(uint160(owner)) << 8) | subaccount;
}

/// @notice Key of one account's market or lane.
function placeOf(address owner, uint8 subaccount, uint256 place) pure returns (uint256) {
    return (holderOf(owner, subaccount) << 16) | place;
}
