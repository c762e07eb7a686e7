// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OrderChecks} from "./OrderChecks.sol";
import {AccountRun, REDUCE_BUYS, REDUCE_SELLS} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {KeyOrders} from "./libraries/KeyOrders.sol";
import {Words, allocate, calldataWord, freeMemory, releaseMemory} from "./libraries/Memory.sol";
import {CASH, FIELDS, FILLED, HOLDER, ROW_BITS, ROW_MASK, STRIDE} from "./libraries/OrderTable.sol";
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
import {ShortRun} from "./libraries/ShortRun.sol";
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
            Words table = allocate(orders * STRIDE);
            context.signers = Words.wrap(0);
            uint256 fillsAt = _readOrders(context, table, pos + 2, end, orders);
            uint256 fills = calldataWord(fillsAt) >> 240;
            if (fillsAt + 2 + fills * FILL_BYTES > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 read = _applyFills(context, table, orders, fillsAt + 2, fills);
            if (read != end) context.reject(BatchCodes.MALFORMED, 0);
            if (Words.unwrap(context.signers) != 0) KeyOrders.chargeAll(context, table, orders);
            _settleAccounts(context, table, orders);
        }
        releaseMemory(memoryBefore);
    }

    // Signatures and everything an order can be refused for by itself; the table comes out sorted by account.
    function _readOrders(
        Context memory context,
        Words table,
        uint256 pos,
        uint256 end,
        uint256 orders
    ) private view returns (uint256 next) {
        unchecked {
            uint256 previousKey = 0;
            for (uint256 i = 0; i < orders; ++i) {
                OrderFields fields = OrderFields.wrap(calldataWord(pos + 64));
                Row row = context.row(fields.market(), i);
                uint8 code = _checkOrder(fields, row.limits().maxOrderLots());
                if (code != 0) context.reject(code, i);
                address owner;
                if (fields.isSpecial()) {
                    if (fields.isConditional()) {
                        if (pos + TICKS_BYTES + (orders - i) * ORDER_BYTES + 2 > end) {
                            context.reject(BatchCodes.MALFORMED, i);
                        }
                    }
                    owner = _recoverSpecial(context, row, fields, pos, i, orders);
                    if (fields.isConditional()) pos += TICKS_BYTES;
                } else {
                    owner = OrderRecord.recover(pos, fields, row.limits(), DOMAIN);
                    if (owner == address(0)) context.reject(BatchCodes.INVALID_SIGNATURE, i);
                }

                uint256 holder = (uint256(uint160(owner)) << 8) | fields.subaccount();
                uint256 key = (holder << 48) | fields.laneAndSeq();
                if (key <= previousKey) context.reject(BatchCodes.ORDERS_NOT_SORTED, i);
                previousKey = key;
                uint256 entry = i * STRIDE;
                table.set(entry + HOLDER, (holder << ROW_BITS) | Row.unwrap(row));
                table.set(entry + FIELDS, OrderFields.unwrap(fields));
                pos += ORDER_BYTES;
            }
            return pos;
        }
    }

    // What few orders are, apart from the loop of all: kinds 1 and 2, whose trigger is signed and must have been
    // reached, and orders signed by a session key.
    function _recoverSpecial(
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
        owner = OrderRecord.recoverWithTrigger(pos, fields, row.limits(), trigger, DOMAIN);
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

    // Proves each fill against its two orders. The price is the maker's limit, or stands in the fill where the maker
    // reprices (kind 3), inside both limits.
    // Answers where the list ends.
    function _applyFills(
        Context memory context,
        Words table,
        uint256 orders,
        uint256 pos,
        uint256 fills
    ) private pure returns (uint256) {
        unchecked {
            uint256 fees = 0;
            for (uint256 i = 0; i < fills; ++i) {
                uint256 word = calldataWord(pos);
                uint256 taker = word >> 240;
                uint256 maker = (word >> 224) & 0xFFFF;
                uint256 quantity = (word >> 184) & 0xFFFFFFFFFF;
                pos += FILL_BYTES;
                if (taker >= orders || maker >= orders) {
                    context.reject(BatchCodes.INVALID_ORDER_INDEX, i);
                }
                if (quantity == 0) context.reject(BatchCodes.ZERO_QUANTITY, i);
                taker *= STRIDE;
                maker *= STRIDE;
                OrderFields taken = OrderFields.wrap(table.get(taker + FIELDS));
                OrderFields made = OrderFields.wrap(table.get(maker + FIELDS));
                uint8 code = _checkPair(taken, made);
                if (code != 0) context.reject(code, i);

                Row row = Row.wrap(table.get(maker + HOLDER) & ROW_MASK);
                uint256 notional = made.price();
                if (OrderFields.unwrap(made) & KIND_BITS == KIND_REPRICING << 224) {
                    notional = _ownPrice(context, taken, made, calldataWord(pos) >> 224, i);
                    pos += TICKS_BYTES;
                }
                notional *= quantity * row.word().quotePerTickLot();
                uint256 takerFee = RiskMath.fee(notional, taken.takerFee());
                int256 makerFee = RiskMath.makerFee(notional, made.makerFee());
                if (-makerFee > int256(takerFee)) {
                    context.reject(BatchCodes.REBATE_ABOVE_FEE, i);
                }
                fees += uint256(int256(takerFee) + makerFee);

                int256 bought = taken.sideFlags() & SELL == 0 ? int256(notional) : -int256(notional);
                table.add(taker + FILLED, quantity);
                table.add(maker + FILLED, quantity);
                table.addSigned(taker + CASH, -bought - int256(takerFee));
                table.addSigned(maker + CASH, bought - makerFee);
            }
            context.fees += fees;
            return pos;
        }
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

    function _settleAccounts(Context memory context, Words table, uint256 orders) private {
        AccountRun memory run;
        run.rows = allocate(context.span);
        uint256 next = 0;
        bool isShortAllowed = !context.reduceOnly;
        while (next < orders) {
            if (isShortAllowed && _tryShort(context, table, orders, next)) {
                ++next;
                continue;
            }
            next = _fillAccount(context, run, table, orders, next);
            if (Words.unwrap(context.signers) != 0) {
                KeyOrders.checkPositions(context, table, run.index, next);
            }
            Settleable.check(run, context, MARK_AGE_MAX_S);
            run.store(context);
        }
    }

    function _tryShort(Context memory context, Words table, uint256 orders, uint256 index)
        private
        returns (bool)
    {
        unchecked {
            uint256 entry = index * STRIDE;
            uint256 word = table.get(entry + HOLDER);
            uint256 holder = word >> ROW_BITS;
            bool hasMore =
                index + 1 < orders && table.get(entry + STRIDE + HOLDER) >> ROW_BITS == holder;
            if (hasMore) return false;
            return ShortRun.trySettle(
                context,
                Row.wrap(word & ROW_MASK),
                holder,
                OrderFields.wrap(table.get(entry + FIELDS)),
                table.get(entry + FILLED),
                int256(table.get(entry + CASH)),
                MARK_AGE_MAX_S
            );
        }
    }

    // One account: loads it and applies all its orders of the table.
    function _fillAccount(
        Context memory context,
        AccountRun memory run,
        Words table,
        uint256 orders,
        uint256 next
    ) private returns (uint256) {
        unchecked {
            uint256 entry = next * STRIDE;
            uint256 word = table.get(entry + HOLDER);
            uint256 holder = word >> ROW_BITS;
            run.load(context, address(uint160(holder >> 8)), holder & 0xFF, next);
            if (run.minSeq != 0) _refuseDead(context, run, table, orders, next);
            do {
                OrderFields fields = OrderFields.wrap(table.get(entry + FIELDS));
                uint256 filled = table.get(entry + FILLED);
                uint8 code = _useOrder(context, run, fields, filled);
                if (code != 0) context.reject(code, next);
                _move(
                    run, Row.wrap(word & ROW_MASK), fields, filled, int256(table.get(entry + CASH))
                );
                ++next;
                entry += STRIDE;
                if (next == orders) break;
                word = table.get(entry + HOLDER);
            } while (word >> ROW_BITS == holder);
            return next;
        }
    }

    // After a cancel-all on-chain: apart, because hardly any account has one.
    function _refuseDead(
        Context memory context,
        AccountRun memory run,
        Words table,
        uint256 orders,
        uint256 next
    ) private pure {
        unchecked {
            uint256 holder = table.get(next * STRIDE + HOLDER) >> ROW_BITS;
            for (; next < orders; ++next) {
                uint256 entry = next * STRIDE;
                if (table.get(entry + HOLDER) >> ROW_BITS != holder) return;
                if (OrderFields.wrap(table.get(entry + FIELDS)).seq() < run.minSeq) {
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
