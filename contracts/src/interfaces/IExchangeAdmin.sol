// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What is fixed about a market when it is listed.
/// @param market Id, 0 to 63; tick, lot and value of a tick times a lot never change for an id.
/// @param tickE8 One tick as price times 1e8.
/// @param lotE8 One lot as size times 1e8.
/// @param quotePerTickLot Micro-USDC value of one tick times one lot.
/// @param imBps Initial margin, basis points of notional.
/// @param mmBps Maintenance margin, basis points of notional.
/// @param markBandPpm Greatest distance of a mark from the publishers' median; 0 with a fixed mark.
/// @param fixedMark Constant mark in ticks (replay of a recorded tape); 0 for an observed one.
/// @param maxOrderLots Largest size of one order.
/// @param maxPositionLots Largest position.
struct MarketListing {
    uint8 market;
    uint64 tickE8;
    uint64 lotE8;
    uint32 quotePerTickLot;
    uint16 imBps;
    uint16 mmBps;
    uint32 markBandPpm;
    uint32 fixedMark;
    uint40 maxOrderLots;
    uint56 maxPositionLots;
}

/// @notice Roles and markets.
interface IExchangeAdmin {
    /// @notice A market is open; tick, lot and quote never change again.
    event MarketListed(uint8 indexed market, MarketListing listing);
    /// @notice An address may settle batches from now on, or no longer.
    event RelayerSet(address indexed relayer, bool allowed);
    /// @notice Whose prices count, and how many of them a mark needs.
    event PublishersSet(address[] publishers, uint256 quorum);
    /// @notice The next admin, once it accepts.
    event AdminProposed(address indexed admin);
    /// @notice Who governs from now on.
    event AdminChanged(address indexed admin);

    /// @notice Only the admin may.
    error NotAdmin(address caller);
    /// @notice A market cannot be listed with this field.
    error InvalidListing(uint8 market, string field);
    /// @notice At most five distinct publishers, and a quorum that is a majority of them.
    error InvalidPublishers(uint256 count, uint256 quorum);

    /// @notice Lists a market; an id is listed once and for all. Timelocked.
    function listMarket(MarketListing calldata listing) external;

    /// @notice Allows or forbids an address to settle batches. At once: a relayer settles what others have signed.
    function setRelayer(address relayer, bool allowed) external;

    /// @notice Replaces the price publishers, 1 to 5 of them; `quorum` is more than half. Timelocked.
    function setPublishers(address[] calldata publishers, uint256 quorum) external;

    /// @notice First half of a change of admin. Timelocked.
    function proposeAdmin(address admin) external;

    /// @notice Second half, by the proposed address itself.
    function acceptAdmin() external;

    /// @notice Who governs.
    function admin() external view returns (address);
    /// @notice Whether an address may settle batches.
    function isRelayer(address relayer) external view returns (bool);
    /// @notice Publishers that a mark needs.
    function quorum() external view returns (uint256);
    /// @notice Signer of place `index`, from 0.
    function publisher(uint256 index) external view returns (address);
}
