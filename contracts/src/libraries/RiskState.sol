// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What liquidation needs, outside the accounts and outside what a batch of fills reads.
struct RiskState {
    uint256[64] insurance; // by market, micro-USDC
    mapping(uint256 holder => uint64) flaggedAt;
    mapping(uint256 holder => uint64) lastDeposit; // its id
    mapping(uint256 id => uint256) deposits; // the account's one before u64 | time u64 | amount u128
    uint256[64] badDebt; // by market, micro-USDC
}

// Below every account's slots and far above ordinary storage; the tiers of margin stand at 1 << 66.
uint256 constant RISK_STATE_SLOT = 1 << 65;

function riskState() pure returns (RiskState storage state) {
    assembly ("memory-safe") {
        state.slot := RISK_STATE_SLOT
    }
}

/// @notice Deposits that the engine has not seen when it decided: it credits them once they are final.
library Uncredited {
    /// At this age a deposit counts for everybody, whatever the engine says.
    uint256 private constant AGE_MAX_S = 30 minutes;

    function note(uint256 holder, uint64 id, uint256 amount) internal {
        RiskState storage state = riskState();
        uint256 before = state.lastDeposit[holder];
        state.deposits[id] = (before << 192) | (block.timestamp << 128) | uint128(amount);
        state.lastDeposit[holder] = id;
    }

    /// @notice What the account deposited from deposit `from` on, and not longer ago than the limit.
    function sumFrom(uint256 holder, uint256 from) internal view returns (uint256 sum) {
        RiskState storage state = riskState();
        uint256 id = state.lastDeposit[holder];
        while (id >= from && id != 0) {
            uint256 word = state.deposits[id];
            if (uint64(word >> 128) + AGE_MAX_S <= block.timestamp) return sum;
            sum += uint128(word);
            id = word >> 192;
        }
    }
}

/// @notice A market's insurance tranche; never negative.
library Tranche {
    function insuranceOf(uint256 market) internal view returns (uint256) {
        return riskState().insurance[market];
    }

    function credit(uint256 market, uint256 amount) internal {
        if (amount != 0) riskState().insurance[market] += amount;
    }

    /// @notice The caller has seen that the tranche holds the amount; else the subtraction reverts.
    function debit(uint256 market, uint256 amount) internal {
        if (amount != 0) riskState().insurance[market] -= amount;
    }
}
