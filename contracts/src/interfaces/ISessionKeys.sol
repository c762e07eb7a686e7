// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A key that trades for an owner, and nothing else.
/// @param owner Whose account the key's orders trade.
/// @param key The key's address; each is registered once, for ever.
/// @param subaccount The one it trades, unless `allSubaccounts`.
/// @param expiry Last second at which its orders settle; at most 35 days ahead.
/// @param notional Micro-USDC that its orders may fill in all, each fill at the order's own limit price; below 2^48.
/// @param markets Map of the markets it may trade.
/// @param maxPosition Lots beyond which it may not grow a position, either side.
/// @param maxOrderNotional Micro-USDC of one order at its limit price.
struct SessionKey {
    address owner;
    address key;
    uint8 subaccount;
    bool allSubaccounts;
    uint32 expiry;
    uint64 notional;
    uint64 markets;
    uint64 maxPosition;
    uint64 maxOrderNotional;
}

/// @notice Keys that trade for an owner within limits, and do nothing else.
interface ISessionKeys {
    /// @notice The key may trade by these terms.
    event KeyRegistered(address indexed owner, address indexed key, SessionKey terms);
    /// @notice The key trades until `expiry`, seconds.
    event KeyRevoked(address indexed owner, address indexed key, uint256 expiry);

    /// @notice A key address is used once, for ever.
    error KeyUsed(address key);
    /// @notice Terms that cannot be, by field.
    error InvalidKey(string field);
    /// @notice Owner or key has not signed these terms.
    error InvalidKeySignature(address signer);
    /// @notice Only its owner revokes a key.
    error NotKeyOwner(address caller, address owner);

    /// @notice Registers a key; anybody may bring it. Owner and key both sign the EIP-712 `SessionKey`, so that nobody
    /// captures another's key; an owner that calls itself needs no signature. Signatures are EIP-2098.
    function registerKey(
        SessionKey calldata terms,
        bytes32[2] calldata ownerSignature,
        bytes32[2] calldata keySignature
    ) external;

    /// @notice Registers a key of a contract wallet, which stands by `walletSignature` (any length) in ERC-1271. The wallet
    /// is asked here and never again, with at most 300,000 gas and without a right to write: inside a batch only the key's
    /// signatures are checked, so no wallet can change its answer, burn a batch's gas or re-enter it.
    function registerWalletKey(
        SessionKey calldata terms,
        bytes calldata walletSignature,
        bytes32[2] calldata keySignature
    ) external;

    /// @notice Ends an own key D from now, or at its expiry if that comes first. The exchange refuses its orders at once.
    function revokeKey(address key) external;

    /// @notice Terms of a key; `notional` is what is left. Owner zero: no such key.
    function sessionKey(address key) external view returns (SessionKey memory);
}
