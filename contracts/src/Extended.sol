// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeExtension} from "./interfaces/IExchangeExtension.sol";
import {Genesis} from "./interfaces/IPlumbExchange.sol";

/// @notice A part of the exchange whose unknown functions are those of the next part, run on the same storage. The parts
/// are fixed at deployment: there is no upgrade.
abstract contract Extended {
    address internal immutable EXTENSION;

    error WrongExtension(address extension);

    /// @param exchange Whose storage it is.
    /// @param extension Deployed before, for that very address and these very terms.
    constructor(Genesis memory genesis, address exchange, address extension) {
        IExchangeExtension next = IExchangeExtension(extension);
        if (next.extensionOf() != exchange || next.genesisHash() != keccak256(abi.encode(genesis))) revert WrongExtension(extension);
        EXTENSION = extension;
    }

    fallback() external {
        address extension = EXTENSION;
        assembly ("memory-safe") {
            // Never returns to Solidity, so memory is free to use.
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), extension, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if ok { return(0, returndatasize()) }
            revert(0, returndatasize())
        }
    }
}
