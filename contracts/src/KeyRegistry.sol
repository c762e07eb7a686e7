// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBase} from "./ExitBase.sol";
import {ISessionKeys, SessionKey} from "./interfaces/ISessionKeys.sol";
import {loadSlot, storeSlot} from "./libraries/Memory.sol";
import {
    ALL_SUBACCOUNTS,
    KeyLimits,
    KeyRecord,
    NOTIONAL_BITS,
    keySlot,
    packKey,
    packKeyLimits
} from "./libraries/SessionKeys.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {TypeHashes} from "./libraries/TypeHashes.sol";

/// @notice Registration and revocation of session keys. A key signs orders and nothing else: every other message and call
/// is bound to the owner's own address.
abstract contract KeyRegistry is ExitBase, ISessionKeys {
    uint256 internal constant KEY_LIFE_MAX_S = 35 days;

    /// @inheritdoc ISessionKeys
    function registerKey(
        SessionKey calldata terms,
        bytes32[2] calldata ownerSignature,
        bytes32[2] calldata keySignature
    ) external notFrozen {
        if (terms.owner == address(0)) {
            revert InvalidKey("owner");
        }
        if (terms.key == address(0) || terms.key == terms.owner) revert InvalidKey("key");
        if (terms.expiry < block.timestamp || terms.expiry > block.timestamp + KEY_LIFE_MAX_S) {
            revert InvalidKey("expiry");
        }
        if (terms.notional >> NOTIONAL_BITS != 0) revert InvalidKey("notional");
        uint256 slot = keySlot(terms.key);
        if (loadSlot(slot) != 0) revert KeyUsed(terms.key);
        bytes32 hash = keccak256(abi.encode(TypeHashes.SESSION_KEY, terms));
        if (msg.sender != terms.owner) _checkSigner(hash, ownerSignature, terms.owner);
        _checkSigner(hash, keySignature, terms.key);
        storeSlot(
            slot,
            KeyRecord.unwrap(
                packKey(
                    terms.owner,
                    terms.expiry,
                    terms.subaccount,
                    terms.notional,
                    terms.allSubaccounts ? ALL_SUBACCOUNTS : 0
                )
            )
        );
        storeSlot(
            slot | 1,
            KeyLimits.unwrap(
                packKeyLimits(terms.markets, terms.maxPosition, terms.maxOrderNotional)
            )
        );
        emit KeyRegistered(terms.owner, terms.key, terms);
    }

    /// @inheritdoc ISessionKeys
    function revokeKey(address key) external {
        KeyRecord record = KeyRecord.wrap(loadSlot(keySlot(key)));
        if (record.owner() != msg.sender) revert NotKeyOwner(msg.sender, record.owner());
        uint256 end = block.timestamp + DIRECT_DELAY_S;
        if (end > record.expiry()) end = record.expiry();
        storeSlot(keySlot(key), KeyRecord.unwrap(record.withExpiry(end)));
        emit KeyRevoked(msg.sender, key, end);
    }

    /// @inheritdoc ISessionKeys
    function sessionKey(address key) external view returns (SessionKey memory) {
        KeyRecord record = KeyRecord.wrap(loadSlot(keySlot(key)));
        KeyLimits limits = KeyLimits.wrap(loadSlot(keySlot(key) | 1));
        return SessionKey({
            owner: record.owner(),
            key: key,
            subaccount: uint8(record.subaccount()),
            allSubaccounts: record.coversAll(),
            expiry: uint32(record.expiry()),
            notional: uint64(record.notionalLeft()),
            markets: uint64(KeyLimits.unwrap(limits)),
            maxPosition: uint64(limits.maxPosition()),
            maxOrderNotional: uint64(limits.maxOrderNotional())
        });
    }

    function _checkSigner(bytes32 hash, bytes32[2] calldata signature, address wanted)
        private
        view
    {
        address signer =
            Signatures.recover(DOMAIN, hash, uint256(signature[0]), uint256(signature[1]));
        if (signer != wanted) revert InvalidKeySignature(wanted);
    }
}
