// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "../../src/interfaces/IERC1271.sol";

/// @notice A contract wallet: stands by what its guardian signed, and does what its owner calls for.
contract Wallet is IERC1271 {
    address public immutable guardian;
    bool public isDisowning;

    constructor(address guardian_) {
        guardian = guardian_;
    }

    /// @notice From now on its answer is no.
    function disown() external {
        isDisowning = true;
    }

    function run(address target, bytes calldata data) external {
        (bool ok, bytes memory reply) = target.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(reply, 0x20), mload(reply))
            }
        }
    }

    function isValidSignature(bytes32 hash, bytes calldata signature)
        external
        view
        returns (bytes4)
    {
        if (isDisowning || signature.length != 66) return 0xffffffff;
        (bytes32 r, bytes32 s, uint8 v) =
            (bytes32(signature[:32]), bytes32(signature[32:64]), uint8(signature[65]));
        return ecrecover(hash, v, r, s) == guardian ? this.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Wallets that answer what no honest wallet does.
contract OddWallet {
    enum Answer {
        EMPTY,
        SHORT,
        OTHER_WORD,
        DIRTY_WORD,
        REVERT,
        BURN,
        BOMB,
        REENTER
    }

    Answer public immutable answer;
    address public immutable exchange;
    bytes public call;

    constructor(Answer answer_, address exchange_, bytes memory call_) {
        (answer, exchange, call) = (answer_, exchange_, call_);
    }

    function isValidSignature(bytes32, bytes calldata) external {
        if (answer == Answer.REVERT) revert("no");
        if (answer == Answer.BURN) while (true) {}
        if (answer == Answer.REENTER) {
            (bool ok,) = exchange.call(call);
            require(ok, "re-entered in vain");
        }
        uint256 word = uint256(uint32(0x1626ba7e)) << 224;
        if (answer == Answer.OTHER_WORD) word = 1;
        if (answer == Answer.DIRTY_WORD) word |= 1;
        uint256 length = answer == Answer.EMPTY ? 0 : answer == Answer.SHORT ? 4 : 32;
        if (answer == Answer.BOMB) (word, length) = (1, 400_000);
        assembly ("memory-safe") {
            mstore(0x00, word)
            return(0x00, length)
        }
    }
}
