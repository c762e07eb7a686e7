// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketListing} from "../../src/interfaces/IExchangeAdmin.sol";
import {ExitTerms} from "../../src/interfaces/IExchangeExit.sol";
import {IERC20} from "../../src/interfaces/IERC20.sol";
import {Genesis, IPlumbExchange, Position} from "../../src/interfaces/IPlumbExchange.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches, TestFill, TestOrder, TestVector, TestWithdrawal} from "./Batches.sol";
import {Test} from "./Test.sol";

interface ITestUsdc is IERC20 {
    function mint(address to, uint256 value) external;
    function nonces(address owner) external view returns (uint256);
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

/// @notice An exchange with an observed market 0 and a recorded market 2 with a fixed mark; this contract is admin and
/// relayer. Prices in ticks of 0.1 USDC, lots of 0.0001.
abstract contract ExchangeTest is Test {
    uint64 internal constant TICK_E8 = 10_000_000;
    uint64 internal constant LOT_E8 = 10_000;
    uint32 internal constant QUOTE = 10;
    uint8 internal constant OBSERVED = 0;
    uint8 internal constant FIXED = 2;
    uint32 internal constant MARK = 600_000;
    uint64 internal constant USDC = 1e6;
    uint32 internal constant LAG_S = 600;
    uint32 internal constant MARK_AGE_MAX_S = 3600;
    uint32 internal constant DIRECT_DELAY_S = 30 minutes;
    uint32 internal constant FORCE_DELAY_S = 1 hours;
    uint32 internal constant FREEZE_DELAY_S = 24 hours;
    uint32 internal constant CLAIM_PERIOD_S = 7 days;
    uint32 internal constant FORCE_FEE_PPM = 5_000;
    uint64 internal constant FORCE_BLOCK_QUOTE = 1_000_000e6;

    ITestUsdc internal usdc;
    IPlumbExchange internal exchange;
    bytes32 internal domain;
    uint32 internal nextBatch = 1;
    uint256 internal nowS = 1_800_000_000;

    function setUp() public virtual {
        vm.chainId(1337);
        vm.warp(nowS);
        usdc = ITestUsdc(deploy("TestUsdc.sol:TestUsdc", ""));
        exchange = deployExchange(address(usdc));
        domain = exchange.domainSeparator();
        exchange.setRelayer(address(this), true);
        address[] memory publishers = new address[](5);
        for (uint256 i = 0; i < 5; ++i) {
            publishers[i] = vm.addr(publisherKey(i));
        }
        exchange.setPublishers(publishers, 3);
        exchange.listMarket(listing(OBSERVED));
        MarketListing memory tape = listing(FIXED);
        tape.fixedMark = MARK;
        tape.markBandPpm = 0;
        exchange.listMarket(tape);
        usdc.mint(address(this), 1e18);
        usdc.approve(address(exchange), type(uint256).max);
    }

    function deployExchange(address token) internal returns (IPlumbExchange) {
        return deployExchange(genesisOf(token), exitTerms());
    }

    /// @dev The last part first, all for the address that the exchange is about to have.
    function deployExchange(Genesis memory genesis, ExitTerms memory terms)
        internal
        returns (IPlumbExchange)
    {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 3);
        address risk = deploy("RiskExtension.sol:RiskExtension", abi.encode(genesis, next));
        address governance = deploy(
            "ExchangeGovernance.sol:ExchangeGovernance", abi.encode(genesis, terms, next, risk)
        );
        address extension = deploy(
            "ExchangeExtension.sol:ExchangeExtension", abi.encode(genesis, terms, next, governance)
        );
        return
            IPlumbExchange(
                deploy("PlumbExchange.sol:PlumbExchange", abi.encode(genesis, extension))
            );
    }

    function genesisOf(address token) internal view returns (Genesis memory) {
        return
            Genesis(token, address(this), LAG_S, MARK_AGE_MAX_S, USDC, 9e15, vm.addr(backstopKey()));
    }

    function exitTerms() internal pure returns (ExitTerms memory) {
        return ExitTerms({
            directDelayS: DIRECT_DELAY_S,
            forceDelayS: FORCE_DELAY_S,
            freezeDelayS: FREEZE_DELAY_S,
            claimPeriodS: CLAIM_PERIOD_S,
            forceFeePpm: FORCE_FEE_PPM,
            forceBlockQuote: FORCE_BLOCK_QUOTE
        });
    }

    /// @dev By artifact: a test that imports the contract compiles its code once more.
    function deploy(string memory artifact, bytes memory arguments)
        internal
        returns (address deployed)
    {
        bytes memory code = bytes.concat(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
            if iszero(deployed) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
    }

    function listing(uint8 id) internal pure returns (MarketListing memory) {
        return MarketListing({
            market: id,
            tickE8: TICK_E8,
            lotE8: LOT_E8,
            quotePerTickLot: QUOTE,
            imBps: 500,
            mmBps: 250,
            markBandPpm: 30_000,
            fixedMark: 0,
            maxOrderLots: 1e11,
            maxPositionLots: 1e12
        });
    }

    function listingWithFixedMark(uint8 id, uint32 mark)
        internal
        pure
        returns (MarketListing memory tape)
    {
        tape = listing(id);
        tape.fixedMark = mark;
        tape.markBandPpm = 0;
        tape.quotePerTickLot = 1;
    }

    // Keys and addresses

    function publisherKey(uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("publisher", i)));
    }

    function backstopKey() internal pure returns (uint256) {
        return uint256(keccak256("backstop"));
    }

    function traderKey(uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("trader", i)));
    }

    function trader(uint256 i) internal pure returns (address) {
        return vm.addr(traderKey(i));
    }

    /// @notice `count` keys ascending by address, as the order table wants them.
    function sortedKeys(uint256 count) internal pure returns (uint256[] memory keys) {
        keys = new uint256[](count);
        address[] memory owners = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = traderKey(i);
            address owner = vm.addr(key);
            uint256 j = i;
            for (; j > 0 && owners[j - 1] > owner; --j) {
                owners[j] = owners[j - 1];
                keys[j] = keys[j - 1];
            }
            owners[j] = owner;
            keys[j] = key;
        }
    }

    function deposit(uint256 key, uint256 amount) internal {
        exchange.depositFor(vm.addr(key), 0, amount);
    }

    // Descriptions with the usual values

    function orderOf(uint256 key, uint8 side, uint32 price, uint40 size)
        internal
        view
        returns (TestOrder memory)
    {
        return TestOrder({
            key: key,
            market: FIXED,
            subaccount: 0,
            side: side,
            flags: 0,
            kind: 0,
            price: price,
            size: size,
            maxFee: 50,
            lane: 0,
            seq: 1,
            expiry: uint32(nowS + 1000),
            takerFee: 45,
            makerFee: 15,
            trigger: 0
        });
    }

    /// @notice Two orders in table order (the trader with the lower address first) and one fill; order 0 takes.
    function pair(TestOrder memory first, TestOrder memory second, uint40 quantity)
        internal
        view
        returns (bytes memory batch)
    {
        TestOrder[] memory orders = new TestOrder[](2);
        TestFill[] memory fills = new TestFill[](1);
        bool ordered = vm.addr(first.key) < vm.addr(second.key);
        (orders[0], orders[1]) = ordered ? (first, second) : (second, first);
        fills[0] = ordered ? TestFill(0, 1, quantity) : TestFill(1, 0, quantity);
        return fillBatch(orders, fills);
    }

    function fillBatch(TestOrder[] memory orders, TestFill[] memory fills)
        internal
        view
        returns (bytes memory)
    {
        bytes memory body = Batches.fills(domain, TICK_E8, LOT_E8, orders, fills);
        return oneSegment(Batches.KIND_FILLS, body);
    }

    function oneSegment(uint8 kind, bytes memory body) internal view returns (bytes memory) {
        return bytes.concat(Batches.header(nextBatch, nextBatch, 1), Batches.segment(kind, body));
    }

    function withdrawBatch(TestWithdrawal memory withdrawal) internal view returns (bytes memory) {
        return oneSegment(
            Batches.KIND_WITHDRAW,
            bytes.concat(abi.encodePacked(uint16(1)), Batches.withdrawal(domain, withdrawal))
        );
    }

    function withdrawalOf(uint256 key, uint64 amount)
        internal
        view
        returns (TestWithdrawal memory)
    {
        return TestWithdrawal(key, 0, amount, 9, 1, uint32(nowS + 1000));
    }

    /// @notice Vectors of `count` publishers quoting `quote` for market 0, and its mark.
    function priceBatch(uint256 count, uint32 quote, uint32 mark)
        internal
        view
        returns (bytes memory)
    {
        return oneSegment(Batches.KIND_PRICE, priceBody(count, quote, mark));
    }

    function priceBody(uint256 count, uint32 quote, uint32 mark)
        internal
        view
        returns (bytes memory)
    {
        TestVector[] memory vectors = new TestVector[](count);
        for (uint256 i = 0; i < count; ++i) {
            vectors[i] = vectorOf(i, quote);
        }
        return priceBodyOf(vectors, mark);
    }

    function vectorOf(uint256 publisher, uint32 quote) internal view returns (TestVector memory) {
        uint32[] memory prices = new uint32[](1);
        prices[0] = quote;
        return TestVector(publisherKey(publisher), uint8(publisher), 0, uint48(nowS * 1000), prices);
    }

    function priceBatchOf(TestVector[] memory vectors, uint32 mark)
        internal
        view
        returns (bytes memory)
    {
        return oneSegment(Batches.KIND_PRICE, priceBodyOf(vectors, mark));
    }

    function priceBodyOf(TestVector[] memory vectors, uint32 mark)
        internal
        view
        returns (bytes memory body)
    {
        body = abi.encodePacked(uint8(vectors.length));
        for (uint256 i = 0; i < vectors.length; ++i) {
            body = bytes.concat(body, Batches.vector(domain, vectors[i]));
        }
        body = abi.encodePacked(body, uint8(1), OBSERVED, mark);
    }

    function fundingBatch(uint8 market, int64 index) internal view returns (bytes memory) {
        return oneSegment(Batches.KIND_FUNDING, abi.encodePacked(uint8(1), market, index));
    }

    // Governing

    /// @notice Lists a market on an exchange with users: through the timelock, and back to the present.
    function listLate(MarketListing memory late) internal {
        exchange.schedule(abi.encodeCall(exchange.listMarket, (late)));
        vm.warp(nowS + 2 * FREEZE_DELAY_S);
        exchange.listMarket(late);
        vm.warp(nowS);
    }

    // Settling

    function settle(bytes memory batch) internal {
        exchange.settle(batch);
        ++nextBatch;
    }

    function settleRejected(bytes memory batch, uint8 code, uint256 index) internal {
        vm.expectRevert(abi.encodeWithSelector(BatchCodes.BatchRejected.selector, code, 0, index));
        exchange.settle(batch);
    }

    function setMark(uint32 mark) internal {
        settle(priceBatch(3, mark, mark));
    }

    function pass(uint256 seconds_) internal {
        nowS += seconds_;
        vm.warp(nowS);
    }

    // Reading

    function cashOf(uint256 key) internal view returns (int256 cash) {
        (cash,) = exchange.account(vm.addr(key), 0);
    }

    function sizeOf(uint256 key, uint8 market) internal view returns (int256) {
        (, Position[] memory positions) = exchange.account(vm.addr(key), 0);
        for (uint256 i = 0; i < positions.length; ++i) {
            if (positions[i].market == market) return positions[i].size;
        }
        return 0;
    }
}
