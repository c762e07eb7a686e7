// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Genesis, IExchangeBase} from "./interfaces/IPlumbExchange.sol";
import {TypeHashes} from "./libraries/TypeHashes.sol";
import {IERC20} from "./interfaces/IERC20.sol";

interface IDecimals {
    function decimals() external view returns (uint8);
}

/// @notice Everything that is stored outside the accounts, whose slots are derived from their addresses.
abstract contract ExchangeStorage is IExchangeBase {
    uint256 internal constant MARKETS_MAX = 64;
    uint256 internal constant PUBLISHERS_MAX = 5;

    IERC20 internal immutable TOKEN;
    uint256 internal immutable CHAIN_ID;
    bytes32 internal immutable DOMAIN;
    uint256 internal immutable SETTLEMENT_LAG_S;
    uint256 internal immutable MARK_AGE_MAX_S;
    uint256 internal immutable MIN_DEPOSIT;
    uint256 internal immutable MAX_DEPOSITS;
    address internal immutable BACKSTOP;

    // One slot: what every batch reads and writes.
    uint32 internal settledBatchNo;
    uint48 internal settledSeq;
    uint48 internal hashedSeq;
    uint64 internal committedStateHash;
    uint8 internal marketSpan; // highest listed id + 1
    uint8 internal publisherQuorum;
    uint32 internal settledTime; // block time of the last batch
    uint8 internal phase; // Phase bits

    bytes32 internal committedJournalHash;

    // One slot.
    uint128 internal deposited;
    uint128 internal withdrawn;

    uint128 internal feeAccount;
    uint64 internal depositCount;
    bytes32 internal depositHash;

    address internal adminAddress;
    address internal proposedAdmin;
    mapping(address => bool) internal relayers;

    uint256[MARKETS_MAX] internal marketWords; // MarketWord
    uint256[MARKETS_MAX] internal marketLimits; // MarketLimits
    uint256[MARKETS_MAX] internal marketPools; // fundingPool i128 | openInterest u128

    address[PUBLISHERS_MAX] internal publishers;
    uint256[2] internal publisherTimes; // for each page: 5 x u48 milliseconds

    bool internal transient entered;
    // Of the batch at hand: deposits from this one on were not credited when it was decided; 0 = none are left out.
    uint48 internal transient uncreditedFrom;

    /// @param exchange Address that users sign for and that holds the storage: the extension's code runs there too.
    constructor(Genesis memory genesis, address exchange) {
        uint256 decimals = IDecimals(genesis.token).decimals();
        if (decimals != 6) revert UnsupportedToken(genesis.token, decimals);
        TOKEN = IERC20(genesis.token);
        CHAIN_ID = block.chainid;
        DOMAIN = TypeHashes.domainSeparator("Plumb", "1", exchange);
        SETTLEMENT_LAG_S = genesis.settlementLagS;
        MARK_AGE_MAX_S = genesis.markAgeMaxS;
        MIN_DEPOSIT = genesis.minDeposit;
        MAX_DEPOSITS = genesis.maxDeposits;
        if (genesis.backstop == address(0)) revert InvalidOwner(address(0));
        BACKSTOP = genesis.backstop;
    }

    modifier nonReentrant() {
        if (entered) revert Reentered();
        entered = true;
        _;
        entered = false;
    }
}
