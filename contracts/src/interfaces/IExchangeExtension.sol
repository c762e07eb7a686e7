// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a part of the exchange tells the part that binds itself to it, for good, at deployment.
interface IExchangeExtension {
    /// @notice The exchange on whose storage this code runs.
    function extensionOf() external view returns (address exchange);

    /// @notice Hash of the genesis it was deployed with.
    function genesisHash() external view returns (bytes32);
}
