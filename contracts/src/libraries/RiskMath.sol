// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The integer risk arithmetic shared with TypeScript, rounded against the account.
/// @dev Operands are bounded by the packed fields they come from (sizes 2^55, prices and quotes per tick and lot
/// 2^32), so products stay far below 2^255 and nothing is checked twice.
library RiskMath {
    uint256 internal constant PPM = 1_000_000;
    uint256 internal constant FEE_DENOMINATOR = 100_000; // fees are in units of 10 ppm
    uint256 internal constant BPS = 10_000;

    /// @notice What a position pays (negative: receives) for an index move: ceil(size * delta / 1e6).
    function funding(int256 size, int256 delta) internal pure returns (int256) {
        unchecked {
            int256 product = size * delta;
            int256 quotient = product / int256(PPM); // truncates toward zero: already the ceiling when negative
            return product > quotient * int256(PPM) ? quotient + 1 : quotient;
        }
    }

    /// @notice Fee of one side: a debit rounds up.
    function fee(uint256 notional, uint256 rate) internal pure returns (uint256) {
        unchecked {
            return (notional * rate + (FEE_DENOMINATOR - 1)) / FEE_DENOMINATOR;
        }
    }

    /// @notice Rebate of a maker: rounds down.
    function rebate(uint256 notional, uint256 rate) internal pure returns (uint256) {
        unchecked {
            return notional * rate / FEE_DENOMINATOR;
        }
    }

    /// @notice Fee of a maker by its rate; negative is a rebate.
    function makerFee(uint256 notional, int256 rate) internal pure returns (int256) {
        unchecked {
            return rate >= 0
                ? int256(fee(notional, uint256(rate)))
                : -int256(rebate(notional, uint256(-rate)));
        }
    }

    /// @notice a * b / c rounded toward minus infinity, for a signed `a`.
    function mulDivFloor(int256 a, uint256 b, uint256 c) internal pure returns (int256) {
        if (a >= 0) return a * int256(b) / int256(c);
        return -int256(mulDivCeil(uint256(-a), b, c));
    }

    function mulDivCeil(uint256 a, uint256 b, uint256 c) internal pure returns (uint256) {
        return (a * b + c - 1) / c;
    }

    /// @notice Initial margin of a notional: ceil(notional * imBps / 10,000).
    function initialMargin(uint256 notional, uint256 imBps) internal pure returns (uint256) {
        unchecked {
            return (notional * imBps + (BPS - 1)) / BPS;
        }
    }

    function abs(int256 value) internal pure returns (uint256) {
        unchecked {
            return value < 0 ? uint256(-value) : uint256(value);
        }
    }

    function signedFits(int256 value, uint256 bits) internal pure returns (bool) {
        unchecked {
            int256 bound = int256(1 << (bits - 1));
            return value >= -bound && value < bound;
        }
    }
}
