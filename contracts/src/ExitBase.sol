// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketTable} from "./MarketTable.sol";
import {Payouts} from "./Payouts.sol";
import {ExitTerms, IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {Context, Row} from "./libraries/Context.sol";
import {TieredMargin} from "./libraries/MarketTiers.sol";
import {MarketWord} from "./libraries/MarketWord.sol";
import {allocate} from "./libraries/Memory.sol";
import {FROZEN} from "./libraries/Phase.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {SlowMark} from "./libraries/SlowMark.sol";

/// @notice What the ways out have in common: their terms, and an account outside a batch.
abstract contract ExitBase is Payouts, MarketTable {
    uint256 internal immutable DIRECT_DELAY_S;
    uint256 internal immutable FORCE_DELAY_S;
    uint256 internal immutable FREEZE_DELAY_S;
    uint256 internal immutable CLAIM_PERIOD_S;
    uint256 internal immutable FORCE_FEE_PPM;
    uint256 internal immutable FORCE_BLOCK_QUOTE;

    uint256 private constant DIRECT_DELAY_MAX_S = 1 hours;
    uint256 private constant FREEZE_DELAY_MAX_S = 7 days;
    uint256 private constant CLAIM_PERIOD_MIN_S = 1 days;
    uint256 private constant CLAIM_PERIOD_MAX_S = 30 days;
    uint256 private constant FORCE_FEE_MAX_PPM = 15_000;
    // What stays behind open positions, beside initial margin (risk.md 1.7).
    uint256 private constant KEPT_DIVISOR = 10;

    constructor(ExitTerms memory terms) {
        // A fill matched before a request is settled, or void, before the request takes effect.
        if (terms.directDelayS <= SETTLEMENT_LAG_S || terms.directDelayS > DIRECT_DELAY_MAX_S) {
            revert IExchangeExit.InvalidTerms("directDelayS");
        }
        if (terms.forceDelayS < terms.directDelayS) {
            revert IExchangeExit.InvalidTerms("forceDelayS");
        }
        if (terms.freezeDelayS <= terms.forceDelayS || terms.freezeDelayS > FREEZE_DELAY_MAX_S) {
            revert IExchangeExit.InvalidTerms("freezeDelayS");
        }
        if (terms.claimPeriodS < CLAIM_PERIOD_MIN_S || terms.claimPeriodS > CLAIM_PERIOD_MAX_S) {
            revert IExchangeExit.InvalidTerms("claimPeriodS");
        }
        if (terms.forceFeePpm > FORCE_FEE_MAX_PPM) {
            revert IExchangeExit.InvalidTerms("forceFeePpm");
        }
        if (terms.forceBlockQuote == 0) revert IExchangeExit.InvalidTerms("forceBlockQuote");
        DIRECT_DELAY_S = terms.directDelayS;
        FORCE_DELAY_S = terms.forceDelayS;
        FREEZE_DELAY_S = terms.freezeDelayS;
        CLAIM_PERIOD_S = terms.claimPeriodS;
        FORCE_FEE_PPM = terms.forceFeePpm;
        FORCE_BLOCK_QUOTE = terms.forceBlockQuote;
    }

    modifier notFrozen() {
        if (phase & FROZEN != 0) revert IExchangeExit.Frozen();
        _;
    }

    /// @dev The markets in memory, and a run with room for all of them.
    function _open() internal view returns (Context memory context, AccountRun memory run) {
        _openMarkets(context);
        run.rows = allocate(context.span);
    }

    /// @dev Reads an account and settles its funding everywhere.
    function _load(Context memory context, AccountRun memory run, address owner, uint8 subaccount)
        internal
        view
    {
        run.load(context, owner, subaccount, 0);
        for (uint256 i = 0; i < run.count; ++i) {
            run.settleFunding(Row.wrap(run.rows.get(i)));
        }
    }

    /// @dev What may leave the account, at fresh marks; funding still due is taken off.
    function _free(Context memory context, AccountRun memory run) internal view returns (int256) {
        int256 equity = run.cash;
        uint256 margin = 0;
        uint256 notional = 0;
        for (uint256 i = 0; i < run.count; ++i) {
            Row row = Row.wrap(run.rows.get(i));
            if (row.size() == 0) continue;
            uint256 market = context.marketOf(row);
            MarketWord word = row.word();
            if (_isStale(word)) revert IExchangeExit.StalePrice(uint8(market));
            uint256 slow = SlowMark.valueAt(market, word, block.timestamp, MARK_AGE_MAX_S);
            bool slowIsWorse = row.size() > 0 ? slow < word.mark() : slow > word.mark();
            equity += _value(row, slowIsWorse ? slow : word.mark()) - _due(row);
            uint256 value = RiskMath.abs(_value(row, word.mark()));
            margin += TieredMargin.initial(row, value);
            notional += value;
        }
        uint256 kept = (notional + KEPT_DIVISOR - 1) / KEPT_DIVISOR;
        int256 free = equity - int256(margin > kept ? margin : kept);
        // A profit that nobody has lost yet stays inside.
        int256 custody = int256(uint256(deposited) - withdrawn);
        return free < custody ? free : custody;
    }

    /// @dev Micro-USDC that the row's position is worth at `price` ticks.
    function _value(Row row, uint256 price) internal pure returns (int256) {
        return row.size() * int256(price * row.word().quotePerTickLot());
    }

    /// @dev Funding that the row's position owes and that is not settled yet.
    function _due(Row row) internal pure returns (int256) {
        int256 delta = row.word().fundingIndex() - row.snapshot();
        return delta == 0 ? int256(0) : RiskMath.funding(row.size(), delta);
    }

    function _isStale(MarketWord word) internal view returns (bool) {
        if (word.hasFixedMark()) return false;
        return word.mark() == 0 || block.timestamp > word.markTime() + MARK_AGE_MAX_S;
    }
}
