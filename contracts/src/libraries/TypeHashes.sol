// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice EIP-712 type hashes; the TypeScript side holds the same through shared vectors.
library TypeHashes {
    bytes32 internal constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 internal constant ORDER = keccak256(
        "Order(uint32 market,uint8 subaccount,uint8 side,uint8 flags,uint8 kind,uint64 price,uint64 size,uint64 trigger,uint16 maxFee,uint16 lane,uint32 seq,uint32 expiry)"
    );
    bytes32 internal constant WITHDRAW =
        keccak256("Withdraw(uint8 subaccount,uint64 amount,uint16 lane,uint32 seq,uint32 expiry)");
    bytes32 internal constant TRANSFER = keccak256(
        "Transfer(uint8 subaccount,uint8 toSubaccount,uint64 amount,uint16 lane,uint32 seq,uint32 expiry)"
    );
    bytes32 internal constant FUND_INSURANCE = keccak256(
        "FundInsurance(uint8 subaccount,uint8 market,uint64 amount,uint16 lane,uint32 seq,uint32 expiry)"
    );
    bytes32 internal constant SESSION_KEY = keccak256(
        "SessionKey(address owner,address key,uint8 subaccount,bool allSubaccounts,uint32 expiry,uint64 notional,uint64 markets,uint64 maxPosition,uint64 maxOrderNotional)"
    );
    bytes32 internal constant PRICES =
        keccak256("Prices(uint8 page,uint64 timestampMs,bytes prices)");
    bytes32 internal constant PERMIT = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    /// @notice Domain separator of this chain and one contract.
    function domainSeparator(string memory name, string memory version, address verifyingContract)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                DOMAIN,
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                verifyingContract
            )
        );
    }
}
