// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {
    FLAGS_UNUSED,
    KINDS_UNUSED,
    LANES_UNUSED,
    OrderFields,
    PRICE_BITS,
    SEQ_BITS,
    TIF_BITS
} from "./libraries/OrderRecord.sol";

/// @notice What an order can be refused for by itself, wherever it stands.
abstract contract OrderChecks is ExchangeStorage {
    function _checkOrder(OrderFields fields, uint256 maxOrderLots)
        internal
        view
        returns (uint8 code)
    {
        // Masks in place of shifts: this runs for every order.
        uint256 word = OrderFields.unwrap(fields);
        if (word & FLAGS_UNUSED != 0 || word & TIF_BITS == TIF_BITS) {
            return BatchCodes.INVALID_FLAGS;
        }
        if (word & KINDS_UNUSED != 0) return BatchCodes.UNSUPPORTED_KIND;
        if (word & PRICE_BITS == 0) return BatchCodes.INVALID_PRICE;
        unchecked {
            // Zero wraps around.
            if (fields.size() - 1 >= maxOrderLots) return BatchCodes.INVALID_SIZE;
        }
        if (word & LANES_UNUSED != 0 || word & SEQ_BITS == 0) return BatchCodes.INVALID_LANE;
        if (block.timestamp > fields.expiry()) return BatchCodes.EXPIRED;
        int256 maxFee = int256(fields.maxFee());
        if (int256(fields.takerFee()) > maxFee || fields.makerFee() > maxFee) {
            return BatchCodes.FEE_ABOVE_MAX;
        }
    }
}
