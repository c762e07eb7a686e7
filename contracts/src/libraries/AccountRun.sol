// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccountWord,
    EXTRA_FLAG,
    LANE_MASK,
    PositionWord,
    accountSlot,
    extraSlot,
    laneShift,
    laneSlot,
    minSeqOf,
    packAccount,
    packPosition,
    positionSlot
} from "./AccountWord.sol";
import {BatchCodes} from "./BatchCodes.sol";
import {Bits} from "./Bits.sol";
import {Context, Row} from "./Context.sol";
import {Words, loadSlot, storeSlot} from "./Memory.sol";
import {RiskMath} from "./RiskMath.sol";

/// @notice One account between its load and its store: read once, changed in memory, checked once, written once.
struct AccountRun {
    uint256 base; // storage slot of the account word
    int256 cash;
    int256 moved; // cash moved by the fills of this run
    uint256 lane0;
    uint256 extra; // slot |1 as loaded: the map of positions outside the primary place, and minSeq
    uint256 minSeq; // orders below it are dead
    uint256 stamp; // number of the run, marks the rows that hold its positions
    Words rows; // the rows held, in the order of their loading
    uint256 count;
    uint256 laneAt; // slot of the lanes at hand, 0 = none
    uint256 laneWord;
    uint256 index; // names the account in a refusal
}

// Row state: stamp of the run << 3, and what the run did with the position.
uint256 constant SETTLED = 1; // funding settled: the position may move
uint256 constant REDUCE_BUYS = 2; // a reduce-only buy was filled
uint256 constant REDUCE_SELLS = 4;

using AccountRunLibrary for AccountRun global;

library AccountRunLibrary {
    /// @notice Reads the account and every position it holds (margin needs them all).
    function load(
        AccountRun memory run,
        Context memory context,
        address owner,
        uint256 subaccount,
        uint256 index
    ) internal view {
        uint256 base = accountSlot(owner, subaccount);
        AccountWord word = AccountWord.wrap(loadSlot(base));
        uint256 stamp;
        unchecked {
            stamp = ++context.runs;
        }
        run.base = base;
        run.cash = word.cash();
        run.moved = 0;
        run.lane0 = word.lane0();
        run.stamp = stamp;
        run.count = 0;
        run.laneAt = 0;
        run.index = index;
        run.extra = 0;
        run.minSeq = 0;
        if (word.size() != 0) {
            Row row = context.row(word.primaryMarket(), index);
            _hold(run, row, word.size(), word.fundingSnapshot(), stamp << 3);
        }
        if (word.hasExtra()) _loadExtra(run, context, base, index);
    }

    /// @notice Settles funding of one market; afterwards its position may move.
    function settleFunding(AccountRun memory run, Row row) internal pure {
        unchecked {
            uint256 held = run.stamp << 3;
            uint256 state = row.state();
            if (state >= held | SETTLED) return;
            int256 index = row.word().fundingIndex();
            if (state != held) {
                _hold(run, row, 0, index, held | SETTLED);
                return;
            }
            row.setState(held | SETTLED);
            int256 delta = index - row.snapshot();
            if (delta == 0) return;
            int256 payment = RiskMath.funding(row.size(), delta);
            row.setSnapshot(index);
            row.addPool(payment);
            run.cash -= payment;
        }
    }

    /// @notice `useLane` of what the owner's last cancel-all on-chain has left alive. Every use of a lane but those of a
    /// table of fills, which asks `minSeq` once for an account's orders.
    function useLiveLane(
        AccountRun memory run,
        uint256 lane,
        uint256 seq,
        uint256 quantity,
        uint256 size
    ) internal returns (uint8 code) {
        if (seq < run.minSeq) return BatchCodes.LANE_SPENT;
        return run.useLane(lane, seq, quantity, size);
    }

    /// @notice Uses `quantity` of an order's lane; the pair (seq, filled) only rises. Asks nothing about `minSeq`.
    /// @return code Zero, or why the lane refuses.
    function useLane(
        AccountRun memory run,
        uint256 lane,
        uint256 seq,
        uint256 quantity,
        uint256 size
    ) internal returns (uint8 code) {
        if (lane == 0) {
            (run.lane0, code) = _advance(run.lane0, seq, quantity, size);
            return code;
        }
        uint256 slot = laneSlot(run.base, lane);
        if (slot != run.laneAt) {
            if (run.laneAt != 0) storeSlot(run.laneAt, run.laneWord);
            run.laneAt = slot;
            run.laneWord = loadSlot(slot);
        }
        uint256 shift = laneShift(lane);
        uint256 word = run.laneWord;
        uint256 advanced;
        (advanced, code) = _advance((word >> shift) & LANE_MASK, seq, quantity, size);
        run.laneWord = (word & ~(LANE_MASK << shift)) | (advanced << shift);
    }

    /// @notice Filled so far of the order that has just used this lane.
    function filledIn(AccountRun memory run, uint256 lane) internal pure returns (uint256) {
        uint256 used = lane == 0 ? run.lane0 : run.laneWord >> laneShift(lane);
        return used & type(uint40).max;
    }

    /// @notice Writes the account back, and the change of its long positions into the rows.
    function store(AccountRun memory run, Context memory context) internal {
        if (run.laneAt != 0) storeSlot(run.laneAt, run.laneWord);
        if (int72(run.cash) != run.cash) {
            context.reject(BatchCodes.CASH_OVERFLOW, run.index);
        }
        uint256 count = run.count;
        if (run.extra != 0 || count > 1) return _storeMany(run, context);
        int256 size = 0;
        int256 snapshot = 0;
        uint256 primary = 0;
        if (count != 0) {
            Row row = Row.wrap(run.rows.get(0));
            _countInterest(row);
            size = row.size();
            if (size != 0) {
                snapshot = row.snapshot();
                primary = context.marketOf(row);
            }
        }
        AccountWord packed = packAccount(run.cash, size, snapshot, run.lane0, primary, 0);
        storeSlot(run.base, AccountWord.unwrap(packed));
    }

    // The general form of `store`: positions outside the primary place, and who takes the place when it is free.
    function _storeMany(AccountRun memory run, Context memory context) private {
        uint256 extra = run.extra;
        Row primary; // zero: the place is free
        for (uint256 i = 0; i < run.count; ++i) {
            Row row = Row.wrap(run.rows.get(i));
            _countInterest(row);
            uint256 market = context.marketOf(row);
            uint256 bit = 1 << market;
            bool outside = extra & bit != 0;
            if (outside && row.state() & SETTLED == 0) continue; // untouched
            if (!outside && row.size() == 0) continue; // opened and closed in this run, or the primary one closed
            if (!outside && Row.unwrap(primary) == 0) {
                primary = row;
                continue;
            }
            PositionWord position;
            if (row.size() == 0) {
                extra &= ~bit;
            } else {
                extra |= bit;
                position = packPosition(row.size(), row.snapshot());
            }
            storeSlot(positionSlot(run.base, market), PositionWord.unwrap(position));
        }
        if (extra != run.extra) storeSlot(extraSlot(run.base), extra);
        uint256 flags = extra == 0 ? 0 : EXTRA_FLAG;
        AccountWord packed;
        if (Row.unwrap(primary) == 0) {
            packed = packAccount(run.cash, 0, 0, run.lane0, 0, flags);
        } else {
            packed = packAccount(
                run.cash,
                primary.size(),
                primary.snapshot(),
                run.lane0,
                context.marketOf(primary),
                flags
            );
        }
        storeSlot(run.base, AccountWord.unwrap(packed));
    }

    function _loadExtra(AccountRun memory run, Context memory context, uint256 base, uint256 index)
        private
        view
    {
        uint256 extra = loadSlot(extraSlot(base));
        run.extra = extra;
        run.minSeq = minSeqOf(extra);
        uint256 map = extra & type(uint64).max;
        while (map != 0) {
            uint256 market = Bits.lowest(map);
            map &= map - 1;
            PositionWord position = PositionWord.wrap(loadSlot(positionSlot(base, market)));
            Row row = context.row(market, index);
            _hold(run, row, position.sizeOf(), position.snapshotOf(), run.stamp << 3);
        }
    }

    function _hold(AccountRun memory run, Row row, int256 size, int256 snapshot, uint256 state)
        private
        pure
    {
        row.hold(size, snapshot, state);
        run.rows.set(run.count, Row.unwrap(row));
        unchecked {
            ++run.count;
        }
    }

    function _advance(uint256 stored, uint256 seq, uint256 quantity, uint256 size)
        private
        pure
        returns (uint256 advanced, uint8 code)
    {
        unchecked {
            uint256 storedSeq = stored >> 40;
            if (seq < storedSeq) return (stored, BatchCodes.LANE_SPENT);
            uint256 filled = quantity;
            if (seq == storedSeq) filled += stored & type(uint40).max;
            if (filled > size) return (stored, BatchCodes.OVERFILLED);
            return ((seq << 40) | filled, 0);
        }
    }

    function _countInterest(Row row) private pure {
        unchecked {
            int256 size = row.size();
            int256 before = row.sizeBefore();
            if (size == before) return;
            row.addInterest((size > 0 ? size : int256(0)) - (before > 0 ? before : int256(0)));
        }
    }
}
