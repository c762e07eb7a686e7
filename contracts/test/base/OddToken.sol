// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A token with every bad habit, for the custody's tests.
contract OddToken {
    enum Answer {
        True,
        Nothing,
        False,
        Revert,
        Strange
    }

    uint8 public immutable decimals;
    uint256 public feePercent;
    Answer public answer;
    bool public refused;
    mapping(address => uint256) public balanceOf;
    address private target;
    bytes private call_;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function setFee(uint256 percent) external {
        feePercent = percent;
    }

    function setAnswer(Answer answer_) external {
        answer = answer_;
    }

    /// @notice Makes the next transfer call back.
    function attack(address target_, bytes calldata data) external {
        (target, call_, refused) = (target_, data, false);
    }

    function transfer(address to, uint256 value) external {
        _move(msg.sender, to, value);
    }

    // Balances may go below zero here: the token mints what it is asked for.
    function transferFrom(address from, address to, uint256 value) external {
        _move(from, to, value);
    }

    function _move(address, address to, uint256 value) private {
        if (answer == Answer.Revert) revert("paused");
        if (answer != Answer.False && answer != Answer.Strange) {
            balanceOf[to] += value - value * feePercent / 100;
        }
        if (target != address(0)) {
            (bool ok,) = target.call(call_);
            refused = !ok;
            target = address(0);
        }
        if (answer == Answer.Nothing) return;
        uint256 result = answer == Answer.Strange ? 2 : answer == Answer.True ? 1 : 0;
        assembly ("memory-safe") {
            mstore(0x00, result)
            return(0x00, 0x20)
        }
    }
}
