// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskBase, SingleOrder} from "./RiskBase.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context} from "./libraries/Context.sol";
import {Triggers} from "./libraries/Triggers.sol";

/// @notice Stop and take-profit orders whose mark is there now, but that rest on the book instead of filling: their lane
/// remembers it, (sequence number, 0 filled), so that they may fill in any later batch.
abstract contract ActivationSegment is RiskBase {
    function _settleActivation(
        Context memory context,
        AccountRun memory run,
        uint256 pos,
        uint256 end,
        uint256 index
    ) internal returns (uint256) {
        (SingleOrder memory order, uint256 next, uint256 trigger) =
            _readSigned(context, pos, end, index);
        if (!order.fields.isConditional()) context.reject(BatchCodes.UNSUPPORTED_KIND, index);
        if (!Triggers.isReached(order.row, order.fields, trigger, MARK_AGE_MAX_S)) {
            context.reject(BatchCodes.NOT_TRIGGERED, index);
        }
        run.load(context, order.owner, order.fields.subaccount(), index);
        uint8 code =
            run.useLiveLane(order.fields.lane(), order.fields.seq(), 0, order.fields.size());
        if (code != 0) context.reject(code, index);
        run.store(context);
        return next;
    }
}
