// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBase} from "./ExitBase.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {
    AccountWord,
    LANE_MASK,
    accountSlot,
    extraSlot,
    laneShift,
    laneSlot,
    minSeqOf
} from "./libraries/AccountWord.sol";
import {LaneCancel, exitState, placeOf} from "./libraries/ExitState.sol";
import {loadSlot, storeSlot} from "./libraries/Memory.sol";
import {LANE_MAX} from "./libraries/OrderRecord.sol";

/// @notice Cancels without the operator: in force D after the request, so that no matched fill is undone by one.
abstract contract DirectCancels is ExitBase, IExchangeExit {
    // No order is this large: nothing more fits into the lane at this sequence number.
    uint256 private constant LANE_CONSUMED = type(uint40).max;

    /// @inheritdoc IExchangeExit
    function requestCancel(uint8 subaccount, uint16 lane, uint32 seq) external {
        if (lane > LANE_MAX || seq == 0) revert InvalidLane(lane, seq);
        uint64 effectiveAt = uint64(block.timestamp + DIRECT_DELAY_S);
        exitState().laneCancels[placeOf(msg.sender, subaccount, lane)] =
            LaneCancel(seq, effectiveAt);
        emit LaneCancelRequested(msg.sender, subaccount, lane, seq, effectiveAt);
    }

    /// @inheritdoc IExchangeExit
    function applyCancel(address owner, uint8 subaccount, uint16 lane) external {
        LaneCancel memory cancel = exitState().laneCancels[placeOf(owner, subaccount, lane)];
        if (cancel.seq == 0) revert NothingRequested(owner);
        if (block.timestamp < cancel.effectiveAt) {
            revert TooEarly(block.timestamp, cancel.effectiveAt);
        }
        delete exitState().laneCancels[placeOf(owner, subaccount, lane)];
        uint256 base = accountSlot(owner, subaccount);
        uint256 used = (uint256(cancel.seq) << 40) | LANE_CONSUMED;
        if (lane == 0) {
            AccountWord word = AccountWord.wrap(loadSlot(base));
            if (word.lane0() < used) storeSlot(base, AccountWord.unwrap(word.withLane0(used)));
        } else {
            uint256 slot = laneSlot(base, lane);
            uint256 word = loadSlot(slot);
            uint256 stored = (word >> laneShift(lane)) & LANE_MASK;
            // The pair (seq, filled) only rises.
            if (stored < used) storeSlot(slot, word ^ ((stored ^ used) << laneShift(lane)));
        }
        emit LaneCancelled(owner, subaccount, lane, cancel.seq);
    }

    /// @inheritdoc IExchangeExit
    function requestCancelAll(uint8 subaccount, uint32 minSeq_) external {
        uint256 base = accountSlot(msg.sender, subaccount);
        uint256 extra = loadSlot(extraSlot(base));
        uint256 inForce = minSeqOf(extra);
        if (minSeq_ <= inForce) revert InvalidLane(0, minSeq_);
        uint64 effectiveAt = uint64(block.timestamp + DIRECT_DELAY_S);
        uint256 map = extra & type(uint64).max;
        storeSlot(
            extraSlot(base),
            map | (inForce << 64) | (uint256(minSeq_) << 96) | (uint256(effectiveAt) << 128)
        );
        AccountWord word = AccountWord.wrap(loadSlot(base));
        storeSlot(base, AccountWord.unwrap(word.withExtra()));
        emit AllCancelRequested(msg.sender, subaccount, minSeq_, effectiveAt);
    }

    /// @inheritdoc IExchangeExit
    function minSeq(address owner, uint8 subaccount)
        external
        view
        returns (uint32 inForce, uint32 pending, uint64 effectiveAt)
    {
        uint256 extra = loadSlot(extraSlot(accountSlot(owner, subaccount)));
        inForce = uint32(minSeqOf(extra));
        effectiveAt = uint64(extra >> 128);
        if (block.timestamp < effectiveAt) pending = uint32(extra >> 96);
        else effectiveAt = 0;
    }
}
