// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountWord, LANE_MASK, accountSlot, laneShift, laneSlot} from "./AccountWord.sol";
import {Row} from "./Context.sol";
import {MarketWord} from "./MarketWord.sol";
import {loadSlot} from "./Memory.sol";
import {KIND_STOP, OrderFields, SELL} from "./OrderRecord.sol";

/// @notice When a conditional order may fill. A stop buy and a take-profit sell wait for mark >= trigger, a stop sell
/// and a take-profit buy for mark <= trigger. The proof that the mark was there is one of three:
///
/// 1. the mark at the fill's place in the batch (not older than any other fill may use);
/// 2. a mark that an earlier price segment of the same batch carried;
/// 3. the order's lane: it stands at the order's sequence number only when the order has been proven before, by a fill
///    or by a segment of activations.
///
/// No history of marks is kept: it would let an operator fire an order at a mark of before it was signed.
library Triggers {
    function isProven(
        Row row,
        OrderFields fields,
        uint256 trigger,
        address owner,
        uint256 markAgeMaxS
    ) internal view returns (bool) {
        return isReached(row, fields, trigger, markAgeMaxS)
            || _laneSeq(owner, fields.subaccount(), fields.lane()) == fields.seq();
    }

    /// @notice Proofs 1 and 2.
    function isReached(Row row, OrderFields fields, uint256 trigger, uint256 markAgeMaxS)
        internal
        view
        returns (bool)
    {
        bool rising = (fields.kind() == KIND_STOP) == (fields.sideFlags() & SELL == 0);
        if (row.hasReached(trigger, rising)) return true;
        MarketWord market = row.word();
        uint256 mark = market.mark();
        if (mark == 0) return false;
        unchecked {
            if (!market.hasFixedMark() && block.timestamp > market.markTime() + markAgeMaxS) {
                return false;
            }
        }
        return rising ? mark >= trigger : mark <= trigger;
    }

    function _laneSeq(address owner, uint256 subaccount, uint256 lane)
        private
        view
        returns (uint256)
    {
        uint256 base = accountSlot(owner, subaccount);
        uint256 stored = lane == 0
            ? AccountWord.wrap(loadSlot(base)).lane0()
            : (loadSlot(laneSlot(base, lane)) >> laneShift(lane)) & LANE_MASK;
        return stored >> 40;
    }
}
