// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DirectCancels} from "./DirectCancels.sol";
import {ExchangeStorage} from "./ExchangeStorage.sol";
import {ExitBase} from "./ExitBase.sol";
import {ExitViews} from "./ExitViews.sol";
import {Extended} from "./Extended.sol";
import {ForcedReduction} from "./ForcedReduction.sol";
import {Freezing} from "./Freezing.sol";
import {ServedRequests} from "./ServedRequests.sol";
import {WithdrawRequests} from "./WithdrawRequests.sol";
import {IExchangeExtension} from "./interfaces/IExchangeExtension.sol";
import {ExitTerms} from "./interfaces/IExchangeExit.sol";
import {Genesis} from "./interfaces/IPlumbExchange.sol";

/// @notice The second part of the exchange: the way out. Its code runs on the exchange's storage by delegation; called by
/// itself it holds nothing and knows nobody.
contract ExchangeExtension is
    WithdrawRequests,
    ForcedReduction,
    ServedRequests,
    Freezing,
    DirectCancels,
    ExitViews,
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
        address governance
    ) ExchangeStorage(genesis, exchange) ExitBase(terms) Extended(genesis, exchange, governance) {
        extensionOf = exchange;
        genesisHash = keccak256(abi.encode(genesis));
    }
}
