// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Bits} from "./libraries/Bits.sol";
import {Context, ROW_BEFORE, ROW_SIZE, limitsOf, marketOf} from "./libraries/Context.sol";
import {Words, allocate, calldataWord, freeMemory, releaseMemory} from "./libraries/Memory.sol";
import {
    FILL_BYTES,
    ORDER_BYTES,
    OrderFields,
    OrderRecord,
    POST_ONLY_BIT,
    REDUCE_ONLY_BIT,
    SELL,
    SIDE_FLAGS_MAX,
    TIF_FOK,
    TIF_INVALID,
    TIF_SHIFT
} from "./libraries/OrderRecord.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Settleable} from "./libraries/Settleable.sol";

/// @notice A run of fills between two order-sensitive operations: verify every order, prove every fill, then load,
/// check and store each account once.
abstract contract FillSegment is ExchangeStorage {
    // The table of orders in memory: four words each.
    uint256 private constant OWNER = 0; // owner << 8 | subaccount
    uint256 private constant FIELDS = 1; // OrderFields
    uint256 private constant FILLED = 2; // lots filled in this segment
    uint256 private constant CASH = 3; // int: micro-USDC moved by its fills and fees
    uint256 private constant STRIDE = 4;

    function _settleFills(Context memory context, uint256 pos, uint256 end) internal {
        uint256 memoryBefore = freeMemory();
        unchecked {
            if (pos + 2 > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 orders = calldataWord(pos) >> 240;
            uint256 fillsAt = pos + 2 + orders * ORDER_BYTES;
            if (fillsAt + 2 > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 fills = calldataWord(fillsAt) >> 240;
            if (fillsAt + 2 + fills * FILL_BYTES != end) context.reject(BatchCodes.MALFORMED, 0);

            Words table = allocate(orders * STRIDE);
            _readOrders(context, table, pos + 2, orders);
            _applyFills(context, table, orders, fillsAt + 2, fills);
            _settleAccounts(context, table, orders);
        }
        releaseMemory(memoryBefore);
    }

    // Signatures and everything an order can be refused for by itself; the table comes out sorted by account.
    function _readOrders(Context memory context, Words table, uint256 pos, uint256 orders)
        private
        view
    {
        unchecked {
            uint256 previousKey = 0;
            for (uint256 i = 0; i < orders; ++i) {
                OrderFields fields = OrderFields.wrap(calldataWord(pos + 64));
                Words row = context.row(fields.market(), i);
                uint8 code = _checkOrder(fields, limitsOf(row).maxOrderLots());
                if (code != 0) context.reject(code, i);
                address owner = OrderRecord.recover(pos, fields, limitsOf(row), DOMAIN);
                if (owner == address(0)) context.reject(BatchCodes.INVALID_SIGNATURE, i);

                uint256 holder = (uint256(uint160(owner)) << 8) | fields.subaccount();
                uint256 key = (holder << 48) | (fields.lane() << 32) | fields.seq();
                if (key <= previousKey) context.reject(BatchCodes.ORDERS_NOT_SORTED, i);
                previousKey = key;
                table.set(i * STRIDE + OWNER, holder);
                table.set(i * STRIDE + FIELDS, OrderFields.unwrap(fields));
                pos += ORDER_BYTES;
            }
        }
    }

    function _checkOrder(OrderFields fields, uint256 maxOrderLots)
        private
        view
        returns (uint8 code)
    {
        uint256 flags = fields.sideFlags();
        if (flags > SIDE_FLAGS_MAX || flags >> TIF_SHIFT == TIF_INVALID) {
            return BatchCodes.INVALID_FLAGS;
        }
        if (fields.kind() != 0) return BatchCodes.UNSUPPORTED_KIND;
        if (fields.price() == 0) return BatchCodes.INVALID_PRICE;
        uint256 size = fields.size();
        if (size == 0 || size > maxOrderLots) return BatchCodes.INVALID_SIZE;
        if (fields.lane() > 1023 || fields.seq() == 0) return BatchCodes.INVALID_LANE;
        if (block.timestamp > fields.expiry()) return BatchCodes.EXPIRED;
        if (
            fields.takerFee() > fields.maxFee()
                || fields.makerFee() > int256(fields.maxFee())
        ) return BatchCodes.FEE_ABOVE_MAX;
    }

    // Proves each fill against its two orders; the price is the maker's limit.
    function _applyFills(
        Context memory context,
        Words table,
        uint256 orders,
        uint256 pos,
        uint256 fills
    ) private view {
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

                uint256 notional = quantity * made.price()
                    * marketOf(context.heldRow(made.market())).quotePerTickLot();
                uint256 takerFee = RiskMath.fee(notional, taken.takerFee());
                int256 makerFee = _makerFee(notional, made.makerFee());
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
        }
    }

    function _checkPair(OrderFields taken, OrderFields made) private pure returns (uint8 code) {
        if (taken.market() != made.market()) return BatchCodes.MARKET_MISMATCH;
        uint256 flags = taken.sideFlags();
        bool sells = flags & SELL != 0;
        if (sells == (made.sideFlags() & SELL != 0)) return BatchCodes.SAME_SIDE;
        if (sells ? taken.price() > made.price() : taken.price() < made.price()) {
            return BatchCodes.NOT_CROSSING;
        }
        if (flags & POST_ONLY_BIT != 0) return BatchCodes.POST_ONLY_TAKER;
    }

    function _makerFee(uint256 notional, int256 rate) private pure returns (int256) {
        unchecked {
            return rate >= 0
                ? int256(RiskMath.fee(notional, uint256(rate)))
                : -int256(RiskMath.rebate(notional, uint256(-rate)));
        }
    }

    function _settleAccounts(Context memory context, Words table, uint256 orders) private {
        AccountRun memory run;
        uint256 next = 0;
        while (next < orders) next = _settleAccount(context, run, table, orders, next);
    }

    // One account: all its orders of the table, then the checks, then one store.
    function _settleAccount(
        Context memory context,
        AccountRun memory run,
        Words table,
        uint256 orders,
        uint256 first
    ) private returns (uint256 next) {
        unchecked {
            uint256 holder = table.get(first * STRIDE + OWNER);
            run.load(context, address(uint160(holder >> 8)), holder & 0xFF, first);
            uint256 reduceBuys = 0; // markets with a filled reduce-only buy
            uint256 reduceSells = 0;
            next = first;
            do {
                uint256 entry = next * STRIDE;
                OrderFields fields = OrderFields.wrap(table.get(entry + FIELDS));
                uint256 filled = table.get(entry + FILLED);
                uint8 code = _checkFilled(run, fields, filled);
                if (code != 0) context.reject(code, next);

                uint256 market = fields.market();
                Words row = context.heldRow(market);
                run.settleFunding(context, row, market);
                bool sells = fields.sideFlags() & SELL != 0;
                row.addSigned(ROW_SIZE, sells ? -int256(filled) : int256(filled));
                int256 moved = int256(table.get(entry + CASH));
                run.cash += moved;
                run.moved += moved;
                if (fields.sideFlags() & REDUCE_ONLY_BIT != 0) {
                    if (sells) reduceSells |= 1 << market;
                    else reduceBuys |= 1 << market;
                }
                ++next;
            } while (next < orders && table.get(next * STRIDE + OWNER) == holder);

            _checkPositions(context, run, reduceBuys, reduceSells);
            Settleable.check(run, context, MARK_AGE_MAX_S);
            run.store(context);
        }
    }

    function _checkFilled(AccountRun memory run, OrderFields fields, uint256 filled)
        private
        returns (uint8 code)
    {
        if (filled == 0) return BatchCodes.ORDER_UNUSED;
        code = run.useLane(fields.lane(), fields.seq(), filled, fields.size());
        if (code != 0) return code;
        if ((fields.sideFlags() >> TIF_SHIFT) & 3 == TIF_FOK && filled != fields.size()) {
            return BatchCodes.FOK_NOT_FILLED;
        }
    }

    // Reduce-only is judged on the account's position over the whole segment; the relayer cuts segments so that
    // this agrees with the engine's order-by-order judgement.
    function _checkPositions(
        Context memory context,
        AccountRun memory run,
        uint256 reduceBuys,
        uint256 reduceSells
    ) private view {
        uint256 map = run.settled;
        while (map != 0) {
            uint256 market = Bits.lowest(map);
            map &= map - 1;
            Words row = context.heldRow(market);
            int256 before = int256(row.get(ROW_BEFORE));
            int256 size = int256(row.get(ROW_SIZE));
            bool buys = (reduceBuys >> market) & 1 != 0;
            bool sells = (reduceSells >> market) & 1 != 0;
            if (buys || sells) {
                bool opposite = (!buys || before < 0) && (!sells || before > 0);
                if (!opposite || !Settleable.isWithin(size, before)) {
                    context.reject(BatchCodes.REDUCE_ONLY, run.index);
                }
            }
            uint256 lots = RiskMath.abs(size);
            if (lots > limitsOf(row).maxPositionLots() && lots > RiskMath.abs(before)) {
                context.reject(BatchCodes.POSITION_LIMIT, run.index);
            }
        }
    }
}
