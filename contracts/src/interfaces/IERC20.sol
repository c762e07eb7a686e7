// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What of ERC-20 the exchange uses.
interface IERC20 {
    /// @notice ERC-20.
    event Transfer(address indexed from, address indexed to, uint256 value);
    /// @notice ERC-20.
    event Approval(address indexed owner, address indexed spender, uint256 value);

    /// @notice ERC-20.
    function totalSupply() external view returns (uint256);
    /// @notice ERC-20.
    function balanceOf(address owner) external view returns (uint256);
    /// @notice ERC-20.
    function allowance(address owner, address spender) external view returns (uint256);
    /// @notice ERC-20.
    function transfer(address to, uint256 value) external returns (bool);
    /// @notice ERC-20.
    function approve(address spender, uint256 value) external returns (bool);
    /// @notice ERC-20.
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}
