// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "./BatchCodes.sol";
import {Context, Row} from "./Context.sol";
import {Words, allocate, loadSlot, storeSlot} from "./Memory.sol";
import {OrderFields} from "./OrderRecord.sol";
import {OrderTable} from "./OrderTable.sol";
import {RiskMath} from "./RiskMath.sol";
import {Settleable} from "./Settleable.sol";
import {KeyLimits, KeyRecord, keySlot} from "./SessionKeys.sol";

/// @notice Orders signed by a session key: whose they are, and that they stay within what the key may do. Judged on the
/// resolved account, counted against the key.
library KeyOrders {
    /// @notice The owner whose account an order trades; refuses what the key may not sign.
    function ownerOf(
        Context memory context,
        address signer,
        OrderFields fields,
        Row row,
        uint256 index
    ) internal view returns (address) {
        KeyRecord record = KeyRecord.wrap(loadSlot(keySlot(signer)));
        if (KeyRecord.unwrap(record) == 0) context.reject(BatchCodes.UNKNOWN_KEY, index);
        if (block.timestamp > record.expiry()) context.reject(BatchCodes.KEY_EXPIRED, index);
        if (!record.coversAll() && record.subaccount() != fields.subaccount()) {
            context.reject(BatchCodes.KEY_SUBACCOUNT, index);
        }
        KeyLimits limits = KeyLimits.wrap(loadSlot(keySlot(signer) | 1));
        if (!limits.allows(fields.market())) context.reject(BatchCodes.KEY_MARKET, index);
        if (_notional(fields, row, fields.size()) > limits.maxOrderNotional()) {
            context.reject(BatchCodes.KEY_ORDER_NOTIONAL, index);
        }
        return record.owner();
    }

    /// @notice Remembers the key that signed an order of a table, for `chargeAll` and `checkPositions`.
    function remember(Context memory context, address signer, uint256 index, uint256 orders)
        internal
        pure
    {
        if (Words.unwrap(context.signers) == 0) context.signers = allocate(orders);
        context.signers.set(index, uint160(signer));
    }

    /// @notice Takes lots filled off the key's remaining notional, at the order's limit price.
    function charge(
        Context memory context,
        address signer,
        OrderFields fields,
        Row row,
        uint256 lots,
        uint256 index
    ) internal {
        uint256 slot = keySlot(signer);
        KeyRecord record = KeyRecord.wrap(loadSlot(slot));
        uint256 used = _notional(fields, row, lots);
        uint256 left = record.notionalLeft();
        if (used > left) context.reject(BatchCodes.KEY_NOTIONAL, index);
        storeSlot(slot, KeyRecord.unwrap(record.withNotional(left - used)));
    }

    /// @notice After a fill: the row's position has not grown beyond the key's limit.
    function checkPosition(Context memory context, address signer, Row row, uint256 index)
        internal
        view
    {
        if (Settleable.isWithin(row.size(), row.sizeBefore())) return;
        KeyLimits limits = KeyLimits.wrap(loadSlot(keySlot(signer) | 1));
        if (RiskMath.abs(row.size()) > limits.maxPosition()) {
            context.reject(BatchCodes.KEY_POSITION, index);
        }
    }

    /// @notice Takes what the segment fills off the keys' remaining notional, each fill at its order's limit price.
    function chargeAll(Context memory context, OrderTable table, uint256 orders) internal {
        for (uint256 i = 0; i < orders; ++i) {
            address signer = address(uint160(context.signers.get(i)));
            if (signer == address(0)) continue;
            charge(
                context,
                signer,
                table.fieldsOf(i),
                table.rowOf(i),
                table.filledOf(i),
                i
            );
        }
    }

    /// @notice After an account's fills: no position that a key has traded has grown beyond the key's limit.
    function checkPositions(
        Context memory context,
        OrderTable table,
        uint256 first,
        uint256 next
    )
        internal
        view
    {
        for (uint256 i = first; i < next; ++i) {
            address signer = address(uint160(context.signers.get(i)));
            if (signer == address(0)) continue;
            checkPosition(context, signer, table.rowOf(i), i);
        }
    }

    function _notional(OrderFields fields, Row row, uint256 lots) private pure returns (uint256) {
        return lots * fields.price() * row.word().quotePerTickLot();
    }
}
