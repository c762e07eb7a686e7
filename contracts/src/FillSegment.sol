// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OrderChecks} from "./OrderChecks.sol";
import {AccountRun, REDUCE_BUYS, REDUCE_SELLS} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {KeyOrders} from "./libraries/KeyOrders.sol";
import {Words, allocate, calldataWord, freeMemory, releaseMemory} from "./libraries/Memory.sol";
import {
    ENTRY_BYTES,
    FILLED_BITS,
    OrderTable,
    ROW_BITS,
    allocateOrders
} from "./libraries/OrderTable.sol";
import {PlainAccounts} from "./libraries/PlainAccounts.sol";
import {PlainFills} from "./libraries/PlainFills.sol";
import {PlainOrders} from "./libraries/PlainOrders.sol";
import {
    FILL_BYTES,
    FOK_BIT,
    KIND_REPRICING,
    KIND_BITS,
    MARKET_BITS,
    PRICE_BITS,
    SIDE_BIT,
    ORDER_BYTES,
    OrderFields,
    OrderRecord,
    POST_ONLY_BIT,
    REDUCE_ONLY_BIT,
    SELL,
    TICKS_BYTES
} from "./libraries/OrderRecord.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Settleable} from "./libraries/Settleable.sol";
import {Triggers} from "./libraries/Triggers.sol";

/// @notice A run of fills between two order-sensitive operations: verify every order, prove every fill, then load,
/// check and store each account once.
abstract contract FillSegment is OrderChecks {
    function _settleFills(Context memory context, uint256 pos, uint256 end) internal {
        uint256 memoryBefore = freeMemory();
        unchecked {
            if (pos + 2 > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 orders = calldataWord(pos) >> 240;
            // The least it can be: orders with triggers and fills with prices of their own are longer.
            if (pos + 4 + orders * ORDER_BYTES > end) context.reject(BatchCodes.MALFORMED, 0);
            OrderTable table = allocateOrders(orders);
            context.signers = Words.wrap(0);
            uint256 fillsAt = _readOrders(context, table, pos + 2, end, orders);
            uint256 fills = calldataWord(fillsAt) >> 240;
            if (fillsAt + 2 + fills * FILL_BYTES > end) context.reject(BatchCodes.MALFORMED, 0);
            context.fills = fills;
            fillsAt += 2;
            uint256 read = _applyFills(
                context, table, table.entryAt(orders), fillsAt, fillsAt + fills * FILL_BYTES
            );
            if (read != end) context.reject(BatchCodes.MALFORMED, 0);
            if (Words.unwrap(context.signers) != 0) KeyOrders.chargeAll(context, table, orders);
            _settleAccounts(context, table, orders);
        }
        releaseMemory(memoryBefore);
    }

    // Signatures and everything an order can be refused for by itself; the table comes out sorted by account.
    function _readOrders(
        Context memory context,
        OrderTable table,
        uint256 pos,
        uint256 end,
        uint256 orders
    ) private view returns (uint256 next) {
        unchecked {
            Words buffer = PlainOrders.buffer(DOMAIN);
            uint256 entry = table.entryAt(0);
            uint256 last = table.entryAt(orders);
            uint256 key = PlainOrders.NO_OWNER;
            while (true) {
                (entry, pos, key) = PlainOrders.read(context, buffer, entry, last, pos, key);
                if (entry == last) return pos;
                // A market is read at its first order.
                uint256 market = calldataWord(pos + 64) >> 248;
                if (!context.hasRead(market)) {
                    context.row(market, table.indexAt(entry));
                    continue;
                }
                (pos, key) = _readOrder(context, table, pos, end, table.indexAt(entry), orders, key);
                entry += ENTRY_BYTES;
            }
        }
    }

    // Any order, at `pos` of calldata; `previous` is the key of the one before it.
    function _readOrder(
        Context memory context,
        OrderTable table,
        uint256 pos,
        uint256 end,
        uint256 index,
        uint256 orders,
        uint256 previous
    ) private view returns (uint256 next, uint256 key) {
        OrderFields fields = OrderFields.wrap(calldataWord(pos + 64));
        Row row = context.row(fields.market(), index);
        uint8 code = _checkOrder(fields, row.limits().maxOrderLots());
        if (code != 0) context.reject(code, index);
        unchecked {
            next = pos + ORDER_BYTES;
            if (fields.isConditional()) {
                next += TICKS_BYTES;
                if (next + (orders - index - 1) * ORDER_BYTES + 2 > end) {
                    context.reject(BatchCodes.MALFORMED, index);
                }
            }
        }
        uint256 owner = uint160(_recoverOrder(context, row, fields, pos, index, orders));
        uint256 holder = (owner << 8) | fields.subaccount();
        key = (holder << 48) | fields.laneAndSeq();
        if (key <= previous) context.reject(BatchCodes.ORDERS_NOT_SORTED, index);
        table.entryOf(index).set(0, (holder << ROW_BITS) | Row.unwrap(row));
        table.entryOf(index).set(1, OrderFields.unwrap(fields));
    }

    // Whose account an order trades: its signer's, or the owner's of the session key that signed it. Of kinds 1 and 2 the
    // trigger is signed and must have been reached.
    function _recoverOrder(
        Context memory context,
        Row row,
        OrderFields fields,
        uint256 pos,
        uint256 index,
        uint256 orders
    ) private view returns (address owner) {
        uint256 trigger;
        if (fields.isConditional()) {
            trigger = calldataWord(pos + ORDER_BYTES) >> 224;
            if (trigger == 0) context.reject(BatchCodes.INVALID_TRIGGER, index);
        }
        owner = OrderRecord.recover(pos, fields, row.limits(), trigger, DOMAIN);
        if (owner == address(0)) context.reject(BatchCodes.INVALID_SIGNATURE, index);
        if (fields.isKeyed()) {
            KeyOrders.remember(context, owner, index, orders);
            owner = KeyOrders.ownerOf(context, owner, fields, row, index);
        }
        // The lane that may prove it is the owner's.
        if (trigger != 0 && !Triggers.isProven(row, fields, trigger, owner, MARK_AGE_MAX_S)) {
            context.reject(BatchCodes.NOT_TRIGGERED, index);
        }
    }

    // Proves each fill against its two orders, and answers where the list ends.
    function _applyFills(
        Context memory context,
        OrderTable table,
        uint256 last,
        uint256 pos,
        uint256 stop
    ) private pure returns (uint256 next) {
        unchecked {
            while (true) {
                pos = PlainFills.fill(context, table, last, pos, stop);
                if (pos == stop) return pos;
                if (_applyFill(context, table, last, pos, stop)) {
                    pos += TICKS_BYTES;
                    stop += TICKS_BYTES;
                }
                pos += FILL_BYTES;
            }
        }
    }

    // Any fill. The price is the maker's limit, or stands in the fill where the maker reprices (kind 3), inside both
    // limits.
    function _applyFill(
        Context memory context,
        OrderTable table,
        uint256 last,
        uint256 pos,
        uint256 stop
    ) private pure returns (bool hasPrice) {
        unchecked {
            uint256 orders = table.indexAt(last);
            uint256 index = context.fills - (stop - pos) / FILL_BYTES;
            uint256 word = calldataWord(pos);
            uint256 taker = word >> 240;
            uint256 maker = (word >> 224) & 0xFFFF;
            uint256 quantity = (word >> 184) & 0xFFFFFFFFFF;
            if (taker >= orders || maker >= orders) {
                context.reject(BatchCodes.INVALID_ORDER_INDEX, index);
            }
            if (quantity == 0) context.reject(BatchCodes.ZERO_QUANTITY, index);
            OrderFields taken = table.fieldsOf(taker);
            OrderFields made = table.fieldsOf(maker);
            uint8 code = _checkPair(taken, made);
            if (code != 0) context.reject(code, index);

            uint256 notional = made.price();
            hasPrice = OrderFields.unwrap(made) & KIND_BITS == KIND_REPRICING << 224;
            if (hasPrice) {
                uint256 price = calldataWord(pos + FILL_BYTES) >> 224;
                notional = _ownPrice(context, taken, made, price, index);
            }
            notional *= quantity * table.rowOf(maker).word().quotePerTickLot();
            uint256 takerFee = RiskMath.fee(notional, taken.takerFee());
            int256 makerFee = RiskMath.makerFee(notional, made.makerFee());
            if (-makerFee > int256(takerFee)) context.reject(BatchCodes.REBATE_ABOVE_FEE, index);
            context.fees += uint256(int256(takerFee) + makerFee);

            int256 bought = taken.sideFlags() & SELL == 0 ? int256(notional) : -int256(notional);
            _addFill(table, taker, quantity, -bought - int256(takerFee));
            _addFill(table, maker, quantity, bought - makerFee);
        }
    }

    function _addFill(OrderTable table, uint256 index, uint256 quantity, int256 cash)
        private
        pure
    {
        table.entryOf(index).addSigned(2, (cash << FILLED_BITS) + int256(quantity));
    }

    // The limits cross: one of them is the lower bound of the price.
    function _ownPrice(
        Context memory context,
        OrderFields taken,
        OrderFields made,
        uint256 price,
        uint256 index
    ) private pure returns (uint256) {
        (uint256 low, uint256 high) = taken.sideFlags() & SELL == 0
            ? (made.price(), taken.price())
            : (taken.price(), made.price());
        if (price < low || price > high) context.reject(BatchCodes.PRICE_OUTSIDE_LIMITS, index);
        return price;
    }

    function _checkPair(OrderFields taken, OrderFields made) private pure returns (uint8 code) {
        uint256 word = OrderFields.unwrap(taken);
        uint256 differing = word ^ OrderFields.unwrap(made);
        if (differing & MARKET_BITS != 0) return BatchCodes.MARKET_MISMATCH;
        if (differing & SIDE_BIT == 0) return BatchCodes.SAME_SIDE;
        uint256 limit = word & PRICE_BITS;
        uint256 price = OrderFields.unwrap(made) & PRICE_BITS;
        if (word & SIDE_BIT != 0 ? limit > price : limit < price) return BatchCodes.NOT_CROSSING;
        if (word & (POST_ONLY_BIT << 232) != 0) return BatchCodes.POST_ONLY_TAKER;
    }

    function _settleAccounts(Context memory context, OrderTable table, uint256 orders) private {
        AccountRun memory run;
        run.rows = allocate(context.span);
        uint256 next = 0;
        while (true) {
            // With new risk paused, positions may only shrink.
            if (!context.reduceOnly) next = _settlePlain(context, table, next, orders);
            if (next == orders) return;
            next = _fillAccount(context, run, table, next);
            if (Words.unwrap(context.signers) != 0) {
                KeyOrders.checkPositions(context, table, run.index, next);
            }
            Settleable.check(run, context, MARK_AGE_MAX_S);
            run.store(context);
            if (next == orders) return;
        }
    }

    function _settlePlain(Context memory context, OrderTable table, uint256 next, uint256 orders)
        private
        returns (uint256)
    {
        (uint256 entry, uint256 code) = PlainAccounts.settle(
            context, table.entryAt(next), table.entryAt(orders), MARK_AGE_MAX_S
        );
        next = table.indexAt(entry);
        if (code != 0) context.reject(uint8(code), next);
        return next;
    }

    // One account: loads it and applies all its orders of the table.
    function _fillAccount(
        Context memory context,
        AccountRun memory run,
        OrderTable table,
        uint256 next
    ) private returns (uint256) {
        unchecked {
            uint256 holder = table.holderOf(next);
            run.load(context, address(uint160(holder >> 8)), holder & 0xFF, next);
            if (run.minSeq != 0) _refuseDead(context, run, table, next);
            do {
                OrderFields fields = table.fieldsOf(next);
                uint256 filled = table.filledOf(next);
                uint8 code = _useOrder(context, run, fields, filled);
                if (code != 0) context.reject(code, next);
                _move(run, table.rowOf(next), fields, filled, table.cashOf(next));
                ++next;
            } while (table.holderOf(next) == holder);
            return next;
        }
    }

    // After a cancel-all on-chain: apart, because hardly any account has one.
    function _refuseDead(
        Context memory context,
        AccountRun memory run,
        OrderTable table,
        uint256 next
    ) private pure {
        unchecked {
            uint256 holder = table.holderOf(next);
            for (; table.holderOf(next) == holder; ++next) {
                if (table.fieldsOf(next).seq() < run.minSeq) {
                    context.reject(BatchCodes.LANE_SPENT, next);
                }
            }
        }
    }

    function _move(AccountRun memory run, Row row, OrderFields fields, uint256 filled, int256 cash)
        private
        pure
    {
        unchecked {
            run.settleFunding(row);
            uint256 flags = fields.sideFlags();
            bool sells = flags & SELL != 0;
            row.addSize(sells ? -int256(filled) : int256(filled));
            if (flags & REDUCE_ONLY_BIT != 0) {
                row.setState(row.state() | (sells ? REDUCE_SELLS : REDUCE_BUYS));
            }
            run.cash += cash;
            run.moved += cash;
        }
    }

    function _useOrder(
        Context memory context,
        AccountRun memory run,
        OrderFields fields,
        uint256 filled
    ) private returns (uint8 code) {
        if (filled == 0) return BatchCodes.ORDER_UNUSED;
        code = run.useLane(fields.lane(), fields.seq(), filled, fields.size());
        if (code != 0) return code;
        if (fields.sideFlags() & FOK_BIT != 0 && filled != fields.size()) {
            _noteFok(context, run.filledIn(fields.lane()), filled, fields.size());
        }
    }

    // Fill-or-kill: whole, over as many segments as it takes, but in one batch.
    function _noteFok(Context memory context, uint256 total, uint256 filled, uint256 size)
        private
        pure
    {
        unchecked {
            if (total == filled) ++context.openFoks;
            else if (total == size) --context.openFoks;
        }
    }
}
