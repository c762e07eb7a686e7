// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccountWord,
    CASH_BITS,
    EXTRA_FLAG,
    LANE_MASK,
    PositionWord,
    accountSlot,
    extraSlot,
    laneShift,
    laneSlot,
    packAccount,
    packPosition,
    positionSlot
} from "./AccountWord.sol";
import {BatchCodes} from "./BatchCodes.sol";
import {Bits} from "./Bits.sol";
import {
    Context,
    ROW_BEFORE,
    ROW_INTEREST,
    ROW_POOL,
    ROW_SIZE,
    ROW_SNAPSHOT,
    limitsOf,
    marketOf
} from "./Context.sol";
import {Words, loadSlot, storeSlot} from "./Memory.sol";
import {MarketWord} from "./MarketWord.sol";
import {RiskMath} from "./RiskMath.sol";

/// @notice One account between its load and its store: read once, changed in memory, checked once, written once.
struct AccountRun {
    uint256 base; // storage slot of the account word
    AccountWord word; // as loaded
    int256 cash;
    int256 moved; // cash moved by the fills of this run
    uint256 lane0;
    uint256 extra; // slot |1 as loaded; the low 64 bits are the map of positions outside the primary place
    uint256 loaded; // markets whose row holds this account's position
    uint256 settled; // of these, funding settled in this run
    uint256 laneAt; // slot of the lanes pos hand, 0 = none
    uint256 laneWord;
    uint256 index; // names the account in a refusal
}

using AccountRunLibrary for AccountRun global;

library AccountRunLibrary {
    uint256 private constant POSITIONS_MASK = type(uint64).max;

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
        run.base = base;
        run.word = word;
        run.cash = word.cash();
        run.moved = 0;
        run.lane0 = word.lane0();
        run.laneAt = 0;
        run.settled = 0;
        run.index = index;
        run.extra = 0;
        uint256 loaded = 0;
        if (word.size() != 0) {
            uint256 primary = word.primaryMarket();
            loaded = 1 << primary;
            _fill(context.heldRow(primary), word.size(), word.fundingSnapshot());
        }
        if (word.hasExtra()) {
            uint256 extra = loadSlot(extraSlot(base));
            run.extra = extra;
            uint256 map = extra & POSITIONS_MASK;
            loaded |= map;
            while (map != 0) {
                uint256 market = Bits.lowest(map);
                map &= map - 1;
                PositionWord position = PositionWord.wrap(loadSlot(positionSlot(base, market)));
                _fill(context.heldRow(market), position.sizeOf(), position.snapshotOf());
            }
        }
        run.loaded = loaded;
    }

    /// @notice Settles funding of one market; afterwards its position may move.
    function settleFunding(AccountRun memory run, Context memory context, Words row, uint256 market)
        internal
        pure
    {
        uint256 bit = 1 << market;
        if (run.settled & bit != 0) return;
        run.settled |= bit;
        int256 index = marketOf(row).fundingIndex();
        if (run.loaded & bit == 0) {
            run.loaded |= bit;
            _fill(row, 0, index);
            return;
        }
        int256 delta = index - int256(row.get(ROW_SNAPSHOT));
        if (delta == 0) return;
        int256 payment = RiskMath.funding(int256(row.get(ROW_SIZE)), delta);
        row.set(ROW_SNAPSHOT, uint256(index));
        run.cash -= payment;
        row.addSigned(ROW_POOL, payment);
        context.touched |= bit;
    }

    /// @notice Uses `quantity` of an order's lane; the pair (seq, filled) only rises.
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
            storeLanes(run);
            run.laneAt = slot;
            run.laneWord = loadSlot(slot);
        }
        uint256 shift = laneShift(lane);
        uint256 word = run.laneWord;
        uint256 advanced;
        (advanced, code) = _advance((word >> shift) & LANE_MASK, seq, quantity, size);
        run.laneWord = (word & ~(LANE_MASK << shift)) | (advanced << shift);
    }

    /// @notice Writes the account back. Position rows of the run are void afterwards.
    function store(AccountRun memory run, Context memory context) internal {
        storeLanes(run);
        if (!RiskMath.signedFits(run.cash, CASH_BITS)) {
            context.reject(BatchCodes.CASH_OVERFLOW, run.index);
        }
        AccountWord word = run.word;
        uint256 primary = word.primaryMarket();
        int256 size = 0;
        int256 snapshot = 0;
        // The primary place first: when it closes, a position opened in this run may take it.
        bool held = word.size() != 0;
        if (held) {
            Words row = context.heldRow(primary);
            size = int256(row.get(ROW_SIZE));
            snapshot = int256(row.get(ROW_SNAPSHOT));
        }
        uint256 extra = run.extra;
        uint256 map = run.settled;
        while (map != 0) {
            uint256 market = Bits.lowest(map);
            uint256 bit = 1 << market;
            map &= map - 1;
            Words row = context.heldRow(market);
            int256 sizeNow = int256(row.get(ROW_SIZE));
            _countInterest(context, row, sizeNow, bit);
            if (held && market == primary) continue;
            bool outside = extra & bit != 0;
            if (!outside && sizeNow == 0) continue;
            if (!outside && size == 0) {
                primary = market;
                size = sizeNow;
                snapshot = int256(row.get(ROW_SNAPSHOT));
                held = true;
                continue;
            }
            PositionWord position;
            if (sizeNow == 0) {
                extra &= ~bit;
            } else {
                extra |= bit;
                position = packPosition(sizeNow, int256(row.get(ROW_SNAPSHOT)));
            }
            storeSlot(positionSlot(run.base, market), PositionWord.unwrap(position));
        }
        if (extra != run.extra) storeSlot(extraSlot(run.base), extra);
        if (size == 0) snapshot = 0;
        AccountWord packed = packAccount(
            run.cash, size, snapshot, run.lane0, primary, extra == 0 ? 0 : EXTRA_FLAG
        );
        storeSlot(run.base, AccountWord.unwrap(packed));
    }

    function storeLanes(AccountRun memory run) internal {
        if (run.laneAt != 0) storeSlot(run.laneAt, run.laneWord);
    }

    function _fill(Words row, int256 size, int256 snapshot) private pure {
        row.set(ROW_BEFORE, uint256(size));
        row.set(ROW_SIZE, uint256(size));
        row.set(ROW_SNAPSHOT, uint256(snapshot));
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

    function _countInterest(Context memory context, Words row, int256 sizeNow, uint256 bit)
        private
        pure
    {
        unchecked {
            int256 before = int256(row.get(ROW_BEFORE));
            int256 change = (sizeNow > 0 ? sizeNow : int256(0)) - (before > 0 ? before : int256(0));
            if (change == 0) return;
            row.addSigned(ROW_INTEREST, change);
            context.touched |= bit;
        }
    }
}
