// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ForcedReduction} from "./ForcedReduction.sol";
import {IExitSegments, IExchangeRisk} from "./interfaces/IExchangeRisk.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {
    ForceRequest,
    WithdrawRequest,
    exitState,
    holderOf,
    placeOf
} from "./libraries/ExitState.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Settleable} from "./libraries/Settleable.sol";

/// @notice What owners asked for on-chain, carried out by a batch in the engine's order: the request stands for their
/// signature. Sooner than anybody could, on the terms everybody has: the mark less the fee, initial margin covered.
abstract contract ServedRequests is ForcedReduction, IExitSegments {
    uint256 private constant RECORD_BYTES = 37; // owner 20 | subaccount u8 | market u8 | lots u56 | amount u64
    uint256 private constant NO_MARKET = 255; // a withdrawal's

    /// @inheritdoc IExitSegments
    /// @dev A count u16 and that many records: lots of a market to close, or an amount to pay; what is paid along with a
    /// reduction is a record of its own that names the market.
    function settleRequests(uint256 segment, bytes calldata body) external {
        // The exchange's fallback brings anybody here: only a batch being settled may pass.
        if (!entered || (msg.sender != address(this) && !relayers[msg.sender])) {
            revert IExchangeRisk.OnlyWithinSettlement(msg.sender);
        }
        (Context memory context, AccountRun memory run) = _open();
        context.segment = segment;
        uint256 pos;
        assembly ("memory-safe") {
            pos := body.offset
        }
        uint256 count = body.length < 2 ? 0 : calldataWord(pos) >> 240;
        if (body.length != 2 + count * RECORD_BYTES) context.reject(BatchCodes.MALFORMED, 0);
        pos += 2;
        for (uint256 i = 0; i < count; ++i) {
            _serve(context, run, calldataWord(pos), uint40(calldataWord(pos + 5)), i);
            pos += RECORD_BYTES;
        }
        _storeTotals(context);
    }

    // `head`: owner, subaccount, market, lots, and the upper three bytes of the amount; `tail`: its lower five.
    function _serve(
        Context memory context,
        AccountRun memory run,
        uint256 head,
        uint256 tail,
        uint256 index
    ) private {
        address owner = address(uint160(head >> 96));
        uint8 subaccount = uint8(head >> 88);
        uint8 market = uint8(head >> 80);
        uint256 lots = uint56(head >> 24);
        uint256 amount = (uint256(uint24(head)) << 40) | tail;
        if (owner == BACKSTOP) context.reject(BatchCodes.BACKSTOP_LOCKED, index);
        if (lots != 0) return _reduce(context, run, owner, subaccount, market, lots, index);
        if (amount == 0) context.reject(BatchCodes.ZERO_AMOUNT, index);
        _take(context, owner, subaccount, market, uint64(amount), index);
        _load(context, run, owner, subaccount);
        run.index = index;
        run.cash -= int256(amount);
        Settleable.checkCovered(run, context, MARK_AGE_MAX_S);
        run.store(context);
        // What was donated is nobody's, and profit nobody has lost yet cannot leave.
        if (withdrawn + amount > deposited) context.reject(BatchCodes.CUSTODY_SHORT, index);
        withdrawn += uint128(amount);
        emit RequestServed(owner, subaccount, market, 0, amount);
        _payOrOwe(owner, amount);
    }

    // From D on a withdrawal is anybody's to carry out and the owner's to change; what is paid along with a reduction
    // may be paid until T1.
    function _take(
        Context memory context,
        address owner,
        uint8 subaccount,
        uint8 market,
        uint64 amount,
        uint256 index
    ) private {
        if (market == NO_MARKET) {
            WithdrawRequest storage request =
                exitState().withdrawRequests[holderOf(owner, subaccount)];
            if (amount > request.amount) context.reject(BatchCodes.NOT_REQUESTED, index);
            if (block.timestamp >= request.claimableAt) context.reject(BatchCodes.REQUEST_OVER, index);
            request.amount -= amount;
            return;
        }
        ForceRequest storage reduction = exitState().forceRequests[placeOf(owner, subaccount, market)];
        if (amount > reduction.withdraw) context.reject(BatchCodes.NOT_REQUESTED, index);
        if (block.timestamp >= reduction.requestedAt + DIRECT_DELAY_S) {
            context.reject(BatchCodes.REQUEST_OVER, index);
        }
        reduction.withdraw -= amount;
    }

    // Like a fill between the account and the backstop at the mark: both are judged as after fills.
    function _reduce(
        Context memory context,
        AccountRun memory run,
        address owner,
        uint8 subaccount,
        uint8 market,
        uint256 lots,
        uint256 index
    ) private {
        ForceRequest storage request = exitState().forceRequests[placeOf(owner, subaccount, market)];
        if (lots > request.lots) context.reject(BatchCodes.NOT_REQUESTED, index);
        if (block.timestamp >= request.requestedAt + DIRECT_DELAY_S) {
            context.reject(BatchCodes.REQUEST_OVER, index);
        }
        request.lots -= uint56(lots);
        run.load(context, owner, subaccount, index);
        int256 size = _sizeIn(context, run, market);
        if ((size > 0) != request.isLong || lots > RiskMath.abs(size)) {
            context.reject(BatchCodes.NOT_REDUCING, index);
        }
        int256 moved = size > 0 ? -int256(lots) : int256(lots);
        Row row = context.row(market, index);
        int256 worth = -moved * int256(row.word().mark() * row.word().quotePerTickLot());
        int256 quote = worth
            - int256(RiskMath.mulDivCeil(RiskMath.abs(worth), FORCE_FEE_PPM, RiskMath.PPM));
        _moveAndCheck(context, run, row, moved, quote);
        run.load(context, BACKSTOP, BACKSTOP_SUBACCOUNT, index);
        run.settleFunding(row);
        _moveAndCheck(context, run, row, -moved, -quote);
        emit RequestServed(owner, subaccount, market, moved, 0);
    }

    function _moveAndCheck(
        Context memory context,
        AccountRun memory run,
        Row row,
        int256 lots,
        int256 quote
    ) private {
        row.addSize(lots);
        run.cash += quote;
        run.moved += quote;
        Settleable.check(run, context, MARK_AGE_MAX_S);
        run.store(context);
    }
}
