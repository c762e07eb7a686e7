// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What liquidation needs, outside the accounts and outside what a batch of fills reads.
struct RiskState {
    uint256[64] insurance; // by market, micro-USDC
    mapping(uint256 holder => uint64) flaggedAt;
}

// Below every account's slots and far above ordinary storage; the tiers of margin stand at 1 << 66.
uint256 constant RISK_STATE_SLOT = 1 << 65;

function riskState() pure returns (RiskState storage state) {
    assembly ("memory-safe") {
        state.slot := RISK_STATE_SLOT
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
