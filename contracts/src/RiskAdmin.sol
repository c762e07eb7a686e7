// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governance} from "./Governance.sol";
import {IMarketRisk} from "./interfaces/IExchangeRisk.sol";
import {LIQUIDATION_FEE_PPM, MarketTiers, TIERS_MAX, TIERS_SLOT, loadTiers} from "./libraries/MarketTiers.sol";
import {MarketWord} from "./libraries/MarketWord.sol";
import {storeSlot} from "./libraries/Memory.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Tranche, riskState} from "./libraries/RiskState.sol";

/// @notice Size tiers of margin, and reads of what liquidation lives on.
abstract contract RiskAdmin is Governance, IMarketRisk {
    uint256 private constant LIQUIDATION_FEE_PPM_MAX = 100_000;

    /// @inheritdoc IMarketRisk
    function setMarketTiers(
        uint8 market,
        uint32[3] calldata boundUsdc,
        uint32[3] calldata imfPpm,
        uint32 liquidationFeePpm
    ) external governed(timelockS()) {
        if (market >= MARKETS_MAX || marketWords[market] == 0) revert InvalidTiers(market, "market");
        if (liquidationFeePpm > LIQUIDATION_FEE_PPM_MAX) {
            revert InvalidTiers(market, "liquidationFeePpm");
        }
        MarketWord word = MarketWord.wrap(marketWords[market]);
        uint256 packed = uint256(liquidationFeePpm) << 192;
        uint256 previousBound = 0;
        uint256 previousPpm = word.imBps() * 100;
        for (uint256 n = 0; n < TIERS_MAX && boundUsdc[n] != 0; ++n) {
            uint256 from = boundUsdc[n];
            uint256 ppm = imfPpm[n];
            if (from <= previousBound) revert InvalidTiers(market, "boundUsdc");
            bool isBelowMaintenance = ppm / 2 < word.mmBps() * 100;
            if (ppm < previousPpm || ppm > RiskMath.PPM || ppm % 2 != 0 || isBelowMaintenance) {
                revert InvalidTiers(market, "imfPpm");
            }
            (previousBound, previousPpm) = (from, ppm);
            packed |= (from | ppm << 32) << (n * 64);
        }
        marketWords[market] = MarketWord.unwrap(word.withTiers());
        storeSlot(TIERS_SLOT + market, packed);
        emit MarketTiersSet(market, boundUsdc, imfPpm, liquidationFeePpm);
    }

    /// @inheritdoc IMarketRisk
    function delistMarket(uint8 market) external governed(timelockS()) {
        MarketWord word = MarketWord.wrap(market < MARKETS_MAX ? marketWords[market] : 0);
        if (!word.isListed() || word.isDelisting()) revert InvalidDelisting(market);
        marketWords[market] = MarketWord.unwrap(word.withDelisting());
        emit MarketDelisting(market);
    }

    /// @inheritdoc IMarketRisk
    function delistingOf(uint8 market)
        external
        view
        returns (bool announced, bool settled, uint256 badDebt)
    {
        MarketWord word = MarketWord.wrap(market < MARKETS_MAX ? marketWords[market] : 0);
        if (word.isListed()) {
            return (word.isDelisting(), word.isSettled(), riskState().badDebt[market]);
        }
    }

    /// @inheritdoc IMarketRisk
    function insuranceOf(uint8 market) external view returns (uint256) {
        return Tranche.insuranceOf(market);
    }

    /// @inheritdoc IMarketRisk
    function marketTiers(uint8 market)
        external
        view
        returns (uint32[3] memory boundUsdc, uint32[3] memory imfPpm, uint32 liquidationFeePpm)
    {
        MarketTiers tiers = loadTiers(market);
        for (uint256 n = 0; n < TIERS_MAX; ++n) {
            (boundUsdc[n], imfPpm[n]) = (uint32(tiers.bound(n)), uint32(tiers.imfPpm(n)));
        }
        bool isSet = MarketWord.wrap(marketWords[market]).hasTiers();
        liquidationFeePpm = uint32(isSet ? tiers.liquidationFeePpm() : LIQUIDATION_FEE_PPM);
    }
}
