// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Contract wallets, EIP-1271.
interface IERC1271 {
    /// @return magic 0x1626ba7e when the wallet stands by the signature.
    function isValidSignature(bytes32 hash, bytes calldata signature)
        external
        view
        returns (bytes4 magic);
}
