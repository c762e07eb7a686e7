// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeAdmin} from "./ExchangeAdmin.sol";
import {ExchangeStorage} from "./ExchangeStorage.sol";
import {ExchangeViews} from "./ExchangeViews.sol";
import {ExitBase} from "./ExitBase.sol";
import {Extended} from "./Extended.sol";
import {KeyRegistry} from "./KeyRegistry.sol";
import {RiskAdmin} from "./RiskAdmin.sol";
import {IExchangeExtension} from "./interfaces/IExchangeExtension.sol";
import {ExitTerms} from "./interfaces/IExchangeExit.sol";
import {Genesis} from "./interfaces/IPlumbExchange.sol";

/// @notice The third part of the exchange: roles under their timelock, session keys, and reads.
contract ExchangeGovernance is
    ExchangeAdmin,
    RiskAdmin,
    KeyRegistry,
    ExchangeViews,
    Extended,
    IExchangeExtension
{
    /// @inheritdoc IExchangeExtension
    address public immutable extensionOf;
    /// @inheritdoc IExchangeExtension
    bytes32 public immutable genesisHash;

    constructor(
        Genesis memory genesis,
        ExitTerms memory terms,
        address exchange,
        address riskExtension
    )
        ExchangeStorage(genesis, exchange)
        ExitBase(terms)
        Extended(genesis, exchange, riskExtension)
    {
        extensionOf = exchange;
        genesisHash = keccak256(abi.encode(genesis));
    }
}
