// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBase} from "./ExitBase.sol";
import {IERC1271} from "./interfaces/IERC1271.sol";
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
    uint256 internal constant WALLET_GAS = 300_000;

    /// @inheritdoc ISessionKeys
    function registerKey(
        SessionKey calldata terms,
        bytes32[2] calldata ownerSignature,
        bytes32[2] calldata keySignature
    ) external notFrozen {
        bytes32 hash = _checkTerms(terms);
        if (msg.sender != terms.owner) _checkSigner(hash, ownerSignature, terms.owner);
        _register(terms, hash, keySignature);
    }

    /// @inheritdoc ISessionKeys
    function registerWalletKey(
        SessionKey calldata terms,
        bytes calldata walletSignature,
        bytes32[2] calldata keySignature
    ) external notFrozen {
        bytes32 hash = _checkTerms(terms);
        _checkWallet(hash, walletSignature, terms.owner);
        _register(terms, hash, keySignature);
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

    /// @return hash EIP-712 hash of the terms, which are within bounds and name a key never used before.
    function _checkTerms(SessionKey calldata terms) private view returns (bytes32 hash) {
        if (terms.owner == address(0)) revert InvalidKey("owner");
        if (terms.key == address(0) || terms.key == terms.owner) revert InvalidKey("key");
        if (terms.expiry < block.timestamp || terms.expiry > block.timestamp + KEY_LIFE_MAX_S) {
            revert InvalidKey("expiry");
        }
        if (terms.notional >> NOTIONAL_BITS != 0) revert InvalidKey("notional");
        if (loadSlot(keySlot(terms.key)) != 0) revert KeyUsed(terms.key);
        return keccak256(abi.encode(TypeHashes.SESSION_KEY, terms));
    }

    function _register(SessionKey calldata terms, bytes32 hash, bytes32[2] calldata keySignature)
        private
    {
        _checkSigner(hash, keySignature, terms.key);
        uint256 slot = keySlot(terms.key);
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

    function _checkSigner(bytes32 hash, bytes32[2] calldata signature, address wanted)
        private
        view
    {
        address signer =
            Signatures.recover(DOMAIN, hash, uint256(signature[0]), uint256(signature[1]));
        if (signer != wanted) revert InvalidKeySignature(wanted);
    }

    /// @dev An address without code, a revert, an empty or short reply and every other word are refusals.
    function _checkWallet(bytes32 hash, bytes calldata signature, address wallet) private view {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", DOMAIN, hash));
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        uint256 reply;
        assembly ("memory-safe") {
            mstore(0x00, 0)
            // One word of the reply is copied, however long the wallet makes it.
            let ok :=
                staticcall(WALLET_GAS, wallet, add(question, 0x20), mload(question), 0x00, 0x20)
            if and(ok, gt(returndatasize(), 31)) { reply := mload(0x00) }
        }
        if (bytes32(reply) != bytes32(IERC1271.isValidSignature.selector)) {
            revert InvalidKeySignature(wallet);
        }
    }
}
