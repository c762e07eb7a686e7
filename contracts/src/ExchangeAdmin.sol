// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governance} from "./Governance.sol";
import {IExchangeAdmin, MarketListing} from "./interfaces/IExchangeAdmin.sol";
import {
    FIXED_MARK_FLAG,
    LISTED,
    MarketLimits,
    MarketWord,
    packLimits,
    packMarket
} from "./libraries/MarketWord.sol";

/// @notice Listing of markets and naming of roles. No function here moves a user's funds.
abstract contract ExchangeAdmin is Governance, IExchangeAdmin {
    /// @inheritdoc IExchangeAdmin
    function listMarket(MarketListing calldata listing) external governed(timelockS()) {
        _checkListing(listing);
        uint256 id = listing.market;
        bool isFixed = listing.fixedMark != 0;
        marketWords[id] = MarketWord.unwrap(
            packMarket(
                listing.fixedMark,
                block.timestamp,
                listing.imBps,
                listing.mmBps,
                listing.quotePerTickLot,
                isFixed ? LISTED | FIXED_MARK_FLAG : LISTED
            )
        );
        marketLimits[id] = MarketLimits.unwrap(
            packLimits(
                listing.tickE8,
                listing.lotE8,
                listing.maxOrderLots,
                listing.maxPositionLots,
                listing.markBandPpm
            )
        );
        if (id >= marketSpan) marketSpan = uint8(id + 1);
        emit MarketListed(listing.market, listing);
    }

    /// @inheritdoc IExchangeAdmin
    function setRelayer(address relayer, bool allowed) external onlyAdmin {
        relayers[relayer] = allowed;
        emit RelayerSet(relayer, allowed);
    }

    /// @inheritdoc IExchangeAdmin
    function setPublishers(address[] calldata publishers_, uint256 quorum_)
        external
        governed(timelockS())
    {
        uint256 count = publishers_.length;
        if (count > PUBLISHERS_MAX || quorum_ > count || quorum_ * 2 <= count) {
            revert InvalidPublishers(count, quorum_);
        }
        for (uint256 i = 0; i < PUBLISHERS_MAX; ++i) {
            address added = i < count ? publishers_[i] : address(0);
            for (uint256 j = 0; j <= i && i < count; ++j) {
                address other = j < i ? publishers_[j] : address(0);
                if (added == other) revert InvalidPublishers(count, quorum_);
            }
            publishers[i] = added;
        }
        delete publisherTimes;
        publisherQuorum = uint8(quorum_);
        emit PublishersSet(publishers_, quorum_);
    }

    /// @inheritdoc IExchangeAdmin
    function proposeAdmin(address admin_) external governed(timelockS()) {
        proposedAdmin = admin_;
        emit AdminProposed(admin_);
    }

    /// @inheritdoc IExchangeAdmin
    function acceptAdmin() external {
        if (msg.sender != proposedAdmin) revert NotAdmin(msg.sender);
        adminAddress = msg.sender;
        proposedAdmin = address(0);
        emit AdminChanged(msg.sender);
    }

    /// @inheritdoc IExchangeAdmin
    function admin() external view returns (address) {
        return adminAddress;
    }

    /// @inheritdoc IExchangeAdmin
    function isRelayer(address relayer) external view returns (bool) {
        return relayers[relayer];
    }

    /// @inheritdoc IExchangeAdmin
    function quorum() external view returns (uint256) {
        return publisherQuorum;
    }

    /// @inheritdoc IExchangeAdmin
    function publisher(uint256 index) external view returns (address) {
        return publishers[index];
    }

    // The bounds make every product of the settlement fit: signed price and size into 64 bits.
    function _checkListing(MarketListing calldata listing) private view {
        uint8 id = listing.market;
        if (id >= MARKETS_MAX || marketWords[id] != 0) revert InvalidListing(id, "market");
        if (listing.tickE8 == 0 || listing.tickE8 > type(uint32).max) {
            revert InvalidListing(id, "tickE8");
        }
        if (listing.quotePerTickLot == 0) revert InvalidListing(id, "quotePerTickLot");
        if (
            listing.maxOrderLots == 0 || listing.lotE8 == 0
                || uint256(listing.maxOrderLots) * listing.lotE8 > type(uint64).max
        ) revert InvalidListing(id, "maxOrderLots");
        if (
            listing.maxPositionLots < listing.maxOrderLots
                || listing.maxPositionLots > type(uint56).max >> 3
        ) revert InvalidListing(id, "maxPositionLots");
        if (listing.imBps == 0 || listing.imBps > 10_000) revert InvalidListing(id, "imBps");
        if (listing.mmBps == 0 || listing.mmBps > listing.imBps) {
            revert InvalidListing(id, "mmBps");
        }
        bool isFixed = listing.fixedMark != 0;
        if (isFixed != (listing.markBandPpm == 0) || listing.markBandPpm > 200_000) {
            revert InvalidListing(id, "markBandPpm");
        }
    }
}
