// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What happens to an account below maintenance margin, and who pays.
interface IExchangeRisk {
    /// @notice The backstop took a whole position for `quote` micro-USDC; the insurance paid `insured`.
    event PositionTakenOver(
        address indexed victim,
        uint8 subaccount,
        uint8 indexed market,
        int256 size,
        int256 quote,
        uint256 insured
    );
    /// @notice The same without a batch, by `executeFlagged`: at this mark, the market's funding settled at this index.
    event FlaggedTakenOver(
        address indexed owner,
        uint8 subaccount,
        uint8 indexed market,
        int256 size,
        int256 quote,
        uint256 mark,
        int256 fundingIndex
    );
    /// @notice Counterparties closed `lots` at the mark and bore `deficit`, beside what was insured.
    event Deleveraged(
        address indexed victim,
        uint8 subaccount,
        uint8 indexed market,
        uint256 lots,
        uint256 deficit,
        uint256 insured
    );
    /// @notice Below maintenance; anybody may have it taken over from then on.
    event AccountFlagged(address indexed owner, uint8 subaccount, uint64 executableAt);
    /// @notice The flag is off.
    event AccountCleared(address indexed owner, uint8 subaccount);

    /// @notice Not below maintenance margin, micro-USDC.
    error AccountHealthy(address owner, int256 equity, uint256 maintenance);
    /// @notice Below maintenance margin, micro-USDC.
    error AccountUnhealthy(address owner, int256 equity, uint256 maintenance);
    /// @notice Outside of the time in which a flag is carried out.
    error FlagNotDue(address owner, uint256 time, uint256 from, uint256 until);
    /// @notice A market of the account has no fresh mark.
    error MarkMissing(address owner);
    /// @notice Only a batch may call it.
    error OnlyWithinSettlement(address caller);

    /// @notice Notes that an account is below maintenance margin now. If it still is D later, anybody may have its
    /// positions taken over; before, that is the operator's (who may sell into the book).
    function flag(address owner, uint8 subaccount) external;

    /// @notice Takes the flag off an account that is healthy again.
    function clearFlag(address owner, uint8 subaccount) external;

    /// @notice Has the backstop take over a position of an account flagged at least D and at most 2 D ago that is
    /// still, or again, below maintenance margin, on the terms of a batch, where its equity is not
    /// negative: insurance is spent by batches alone. No pause stops it.
    function executeFlagged(address owner, uint8 subaccount, uint8 market) external;

    /// @notice The account at the carried marks, funding settled: equity, and what its positions require.
    function health(address owner, uint8 subaccount)
        external
        view
        returns (int256 equity, uint256 maintenance, uint256 initial, bool isFresh);
}

/// @notice The segments of a batch that are not on the hot path; called by the exchange while it settles, on its storage.
interface IRiskSegments {
    /// @notice One segment of a batch, on the storage of the exchange.
    function settleRiskSegment(uint256 kind, uint256 segment, bytes calldata body) external;
}

/// @notice The segment that serves what owners asked for on-chain; called like those of risk.
interface IExitSegments {
    /// @notice A segment of requests served, on the storage of the exchange.
    function settleRequests(uint256 segment, bytes calldata body) external;
}

/// @notice Size tiers of margin and the insurance of each market.
interface IMarketRisk {
    /// @notice Margin of large positions from now on.
    event MarketTiersSet(
        uint8 indexed market, uint32[3] boundUsdc, uint32[3] imfPpm, uint32 liquidationFeePpm
    );

    /// @notice The market may be settled by a batch from now on.
    event MarketDelisting(uint8 indexed market);
    /// @notice A delisted market's positions are closed at this price from here on, and nothing trades there any more.
    event MarketSettled(uint8 indexed market, uint256 price);
    /// @notice What an account without positions owed and the market's insurance could not pay.
    event BadDebt(address indexed owner, uint8 subaccount, uint8 indexed market, uint256 amount);

    /// @notice Tiers must rise, in order, within the bounds of this field.
    error InvalidTiers(uint8 market, string field);
    /// @notice No such market, or it ends already.
    error InvalidDelisting(uint8 market);

    /// @notice From here on a batch may end the market at a price near its mark. Timelocked like what touches custody:
    /// the schedule is the announcement.
    function delistMarket(uint8 market) external;

    /// @return announced Whether a batch may end the market.
    /// @return settled Whether it has, at the market's mark.
    /// @return badDebt Deficits of its holders that nobody bore, micro-USDC.
    function delistingOf(uint8 market)
        external
        view
        returns (bool announced, bool settled, uint256 badDebt);

    /// @notice Sets a market's size tiers above its own margin fractions, and its liquidation fee. A bound of zero ends
    /// the list; bounds ascend, fractions are even and do not fall. Nobody is closed by it: who is short of margin
    /// afterwards can only reduce. Timelocked like what touches custody.
    function setMarketTiers(
        uint8 market,
        uint32[3] calldata boundUsdc,
        uint32[3] calldata imfPpm,
        uint32 liquidationFeePpm
    ) external;

    /// @notice A market's insurance tranche, micro-USDC.
    function insuranceOf(uint8 market) external view returns (uint256);

    /// @notice A market's tiers; the fee is the default one where no tiers were set.
    function marketTiers(uint8 market)
        external
        view
        returns (uint32[3] memory boundUsdc, uint32[3] memory imfPpm, uint32 liquidationFeePpm);
}
