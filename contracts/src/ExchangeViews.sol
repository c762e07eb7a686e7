// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {IExchangeViews, MarketView, Position, Totals} from "./interfaces/IPlumbExchange.sol";
import {
    AccountWord,
    LANE_MASK,
    PositionWord,
    accountSlot,
    extraSlot,
    laneShift,
    laneSlot,
    positionSlot
} from "./libraries/AccountWord.sol";
import {exitState} from "./libraries/ExitState.sol";
import {MarketLimits, MarketWord} from "./libraries/MarketWord.sol";
import {loadSlot} from "./libraries/Memory.sol";
import {Tranche} from "./libraries/RiskState.sol";

/// @notice Reads for the reconciler, the sdk and anybody who checks.
abstract contract ExchangeViews is ExchangeStorage, IExchangeViews {
    /// @inheritdoc IExchangeViews
    function account(address owner, uint8 subaccount)
        external
        view
        returns (int256 cash, Position[] memory positions)
    {
        uint256 base = accountSlot(owner, subaccount);
        AccountWord word = AccountWord.wrap(loadSlot(base));
        uint256 extra = word.hasExtra() ? loadSlot(extraSlot(base)) : 0;
        Position[] memory found = new Position[](MARKETS_MAX);
        uint256 count = 0;
        for (uint256 id = 0; id < MARKETS_MAX; ++id) {
            if (word.size() != 0 && word.primaryMarket() == id) {
                found[count++] = Position(uint8(id), word.size(), word.fundingSnapshot());
            } else if ((extra >> id) & 1 != 0) {
                PositionWord held = PositionWord.wrap(loadSlot(positionSlot(base, id)));
                found[count++] = Position(uint8(id), held.sizeOf(), held.snapshotOf());
            }
        }
        positions = new Position[](count);
        for (uint256 i = 0; i < count; ++i) {
            positions[i] = found[i];
        }
        return (word.cash(), positions);
    }

    /// @inheritdoc IExchangeViews
    function lane(address owner, uint8 subaccount, uint16 lane_)
        external
        view
        returns (uint32 seq, uint64 filled)
    {
        uint256 base = accountSlot(owner, subaccount);
        uint256 stored = lane_ == 0
            ? AccountWord.wrap(loadSlot(base)).lane0()
            : (loadSlot(laneSlot(base, lane_)) >> laneShift(lane_)) & LANE_MASK;
        return (uint32(stored >> 40), uint64(stored & type(uint40).max));
    }

    /// @inheritdoc IExchangeViews
    function market(uint8 id) external view returns (MarketView memory found) {
        MarketWord word = MarketWord.wrap(marketWords[id]);
        MarketLimits limits = MarketLimits.wrap(marketLimits[id]);
        found.listed = word.isListed();
        found.tickE8 = limits.tickE8();
        found.lotE8 = limits.lotE8();
        found.quotePerTickLot = word.quotePerTickLot();
        found.imBps = word.imBps();
        found.mmBps = word.mmBps();
        found.markBandPpm = limits.markBandPpm();
        found.fixedMark = word.hasFixedMark();
        found.maxOrderLots = limits.maxOrderLots();
        found.maxPositionLots = limits.maxPositionLots();
        found.mark = word.mark();
        found.markTime = word.markTime();
        found.fundingIndex = word.fundingIndex();
        found.fundingCreditTime = word.fundingCreditTime();
        found.fundingPool = int256(marketPools[id]) >> 128;
        found.openInterest = marketPools[id] & type(uint128).max;
    }

    /// @inheritdoc IExchangeViews
    function lastBatch()
        external
        view
        returns (
            uint32 batchNo,
            uint64 toSeq,
            uint64 hashSeq,
            bytes32 journalHash,
            uint64 stateHash
        )
    {
        return (settledBatchNo, settledSeq, hashedSeq, committedJournalHash, committedStateHash);
    }

    /// @inheritdoc IExchangeViews
    function totals() external view returns (Totals memory found) {
        found.tokenBalance = TOKEN.balanceOf(address(this));
        found.deposits = deposited;
        found.withdrawals = withdrawn;
        found.fees = feeAccount;
        found.owed = exitState().owedTotal;
        for (uint256 id = 0; id < marketSpan; ++id) {
            found.fundingPools += int256(marketPools[id]) >> 128;
            found.insurance += Tranche.insuranceOf(id);
        }
    }

    /// @inheritdoc IExchangeViews
    function lastDeposit() external view returns (uint64 depositId, bytes32 rollingHash) {
        return (depositCount, depositHash);
    }

    /// @inheritdoc IExchangeViews
    function domainSeparator() external view returns (bytes32) {
        return DOMAIN;
    }

    /// @inheritdoc IExchangeViews
    function token() external view returns (address) {
        return address(TOKEN);
    }
}
