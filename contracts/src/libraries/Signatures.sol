// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

library Signatures {
    // Half the order of secp256k1: the upper half would be a second signature of the same message.
    uint256 internal constant S_MAX =
        0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice Signer of an EIP-712 struct by its compact signature (EIP-2098), or zero when it is invalid.
    function recover(bytes32 domain, bytes32 structHash, uint256 r, uint256 vs)
        internal
        view
        returns (address signer)
    {
        uint256 s = vs & (type(uint256).max >> 1);
        if (s > S_MAX) return address(0);
        assembly ("memory-safe") {
            let pos := mload(0x40)
            mstore(pos, hex"1901")
            mstore(add(pos, 0x02), domain)
            mstore(add(pos, 0x22), structHash)
            mstore(pos, keccak256(pos, 0x42))
            mstore(add(pos, 0x20), add(27, shr(255, vs)))
            mstore(add(pos, 0x40), r)
            mstore(add(pos, 0x60), s)
            // A failed recovery returns no data and leaves the zero.
            mstore(0x00, 0)
            pop(staticcall(gas(), 1, pos, 0x80, 0x00, 0x20))
            signer := mload(0x00)
        }
    }
}
