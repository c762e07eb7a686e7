// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketTable} from "./MarketTable.sol";
import {OrderChecks} from "./OrderChecks.sol";
import {IExchangeRisk} from "./interfaces/IExchangeRisk.sol";
import {AccountRun, SETTLED} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {TieredMargin} from "./libraries/MarketTiers.sol";
import {KeyOrders} from "./libraries/KeyOrders.sol";
import {MarketWord} from "./libraries/MarketWord.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {ORDER_BYTES, OrderFields, OrderRecord, TICKS_BYTES} from "./libraries/OrderRecord.sol";
import {holderOf} from "./libraries/ExitState.sol";
import {Uncredited} from "./libraries/RiskState.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Triggers} from "./libraries/Triggers.sol";

/// @notice An account as liquidation sees it, at the carried marks, funding still due taken off.
struct Health {
    int256 equity;
    uint256 maintenance; // sum over its markets
    uint256 initial;
    bool isFresh; // no mark is missing or stale
}

/// @notice A verified order of a segment that carries single orders.
struct SingleOrder {
    address owner;
    address signer; // the owner, or its session key
    OrderFields fields;
    Row row;
}

/// @notice What the segments of liquidation share: loading an account with its funding settled, judging it, and
/// reading one signed order.
abstract contract RiskBase is MarketTable, OrderChecks {
    function _load(
        Context memory context,
        AccountRun memory run,
        address owner,
        uint256 subaccount,
        uint256 index
    ) internal view returns (Health memory) {
        run.load(context, owner, subaccount, index);
        // Of a takeover without a batch the engine learns later: it settles, as in a fill, only the market at hand.
        for (uint256 i = _isFlagged() ? run.count : 0; i < run.count; ++i) {
            run.settleFunding(Row.wrap(run.rows.get(i)));
        }
        return _health(run);
    }

    /// @dev Whether anybody's `executeFlagged` is at work, not a batch.
    function _isFlagged() internal pure returns (bool) {
        return msg.sig == IExchangeRisk.executeFlagged.selector;
    }

    /// @dev An account to be liquidated, as the engine knew it: without deposits that it had not credited.
    function _loadVictim(
        Context memory context,
        AccountRun memory run,
        address owner,
        uint256 subaccount,
        uint256 index
    ) internal view returns (Health memory found) {
        found = _load(context, run, owner, subaccount, index);
        uint256 from = uncreditedFrom;
        if (from != 0) {
            found.equity -= int256(Uncredited.sumFrom(holderOf(owner, uint8(subaccount)), from));
        }
    }

    /// @dev Where funding is not settled yet, what is due counts.
    function _health(AccountRun memory run) internal view returns (Health memory found) {
        found.equity = run.cash;
        found.isFresh = true;
        for (uint256 i = 0; i < run.count; ++i) {
            Row row = Row.wrap(run.rows.get(i));
            if (row.size() == 0) continue;
            MarketWord word = row.word();
            bool isStale = word.mark() == 0 || block.timestamp > word.markTime() + MARK_AGE_MAX_S;
            if (isStale && !word.hasFixedMark()) found.isFresh = false;
            int256 value = _atMark(row, row.size());
            found.equity += value - _due(row);
            found.maintenance += TieredMargin.maintenance(row, RiskMath.abs(value));
            found.initial += TieredMargin.initial(row, RiskMath.abs(value));
        }
    }

    function _due(Row row) private pure returns (int256) {
        if (row.state() & SETTLED != 0) return 0;
        return RiskMath.funding(row.size(), row.word().fundingIndex() - row.snapshot());
    }

    /// @dev A victim: not the backstop, marks fresh, below maintenance margin, with a position in the market.
    function _requireUnhealthy(
        Context memory context,
        Health memory health,
        Row row,
        address owner,
        uint256 index
    ) internal view {
        if (owner == BACKSTOP) context.reject(BatchCodes.BACKSTOP_PARTY, index);
        if (!health.isFresh) context.reject(BatchCodes.STALE_MARK, index);
        if (health.equity >= int256(health.maintenance)) {
            context.reject(BatchCodes.HEALTHY, index);
        }
        if (row.size() == 0) context.reject(BatchCodes.NOT_REDUCING, index);
    }

    /// @dev Micro-USDC that `size` lots (signed) are worth at the row's mark.
    function _atMark(Row row, int256 size) internal pure returns (int256) {
        MarketWord word = row.word();
        return size * int256(word.mark() * word.quotePerTickLot());
    }

    /// @dev Maintenance margin of so many lots of the row's market.
    function _maintenance(Row row, uint256 lots) internal pure returns (uint256) {
        return TieredMargin.maintenance(row, uint256(_atMark(row, int256(lots))));
    }

    /// @dev The row of a market whose position the run holds afterwards.
    function _rowOf(Context memory context, AccountRun memory run, uint256 market, uint256 index)
        internal
        view
        returns (Row row)
    {
        row = context.row(market, index);
        run.settleFunding(row);
    }

    /// @dev Reads and verifies one order record at `pos`, its trigger included; answers where it ends. Of the proofs of
    /// a trigger, the marks of earlier segments are not known here: the mark at hand or the lane must prove it.
    function _readOrder(Context memory context, uint256 pos, uint256 end, uint256 index)
        internal
        view
        returns (SingleOrder memory order, uint256 next)
    {
        (order, next,) = _readSigned(context, pos, end, index);
        uint256 trigger = next - pos == ORDER_BYTES ? 0 : calldataWord(next - TICKS_BYTES) >> 224;
        if (
            trigger != 0
                && !Triggers.isProven(
                    order.row, order.fields, trigger, order.owner, MARK_AGE_MAX_S
                )
        ) context.reject(BatchCodes.NOT_TRIGGERED, index);
    }

    /// @dev Its owner is the account it trades: of an order signed by a session key, the key's owner. What the order
    /// fills must be counted against the key.
    function _readSigned(Context memory context, uint256 pos, uint256 end, uint256 index)
        internal
        view
        returns (SingleOrder memory order, uint256 next, uint256 trigger)
    {
        next = pos + ORDER_BYTES;
        if (next > end) context.reject(BatchCodes.MALFORMED, index);
        OrderFields fields = OrderFields.wrap(calldataWord(pos + 64));
        Row row = context.row(fields.market(), index);
        uint8 code = _checkOrder(fields, row.limits().maxOrderLots());
        if (code != 0) context.reject(code, index);
        order.fields = fields;
        order.row = row;
        if (fields.isConditional()) {
            trigger = calldataWord(next) >> 224;
            next += TICKS_BYTES;
            if (next > end) context.reject(BatchCodes.MALFORMED, index);
            if (trigger == 0) context.reject(BatchCodes.INVALID_TRIGGER, index);
        }
        order.signer = OrderRecord.recover(pos, fields, row.limits(), trigger, DOMAIN);
        if (order.signer == address(0)) context.reject(BatchCodes.INVALID_SIGNATURE, index);
        order.owner = fields.isKeyed()
            ? KeyOrders.ownerOf(context, order.signer, fields, row, index)
            : order.signer;
    }
}
