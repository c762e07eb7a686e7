// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batches, TestFill, TestOrder, TestWithdrawal} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice Gas of whole transactions by scenario (contracts design, section 2); snapshots/settle.json is the record.
contract SettleGasTest is ExchangeTest {
    // The exchange has settled before: its own slots are in use.
    function setUp() public override {
        super.setUp();
        uint256[] memory keys = _funded(2, 99);
        settle(pair(orderOf(keys[0], 0, MARK, 10), orderOf(keys[1], 1, MARK, 10), 10));
    }

    // What settles beside fills, each alone in its batch; an empty one is what a batch costs by itself.
    function test_gas_operations() public {
        uint256[] memory keys = _funded(2, 77);
        settle(Batches.header(nextBatch, nextBatch, 0));
        vm.snapshotGasLastCall("operations", "empty");
        for (uint256 i = 0; i < 3; ++i) {
            pass(60);
            setMark(MARK);
        }
        vm.snapshotGasLastCall("operations", "prices");
        settle(fundingBatch(OBSERVED, 1_000));
        settle(fundingBatch(OBSERVED, 2_000));
        vm.snapshotGasLastCall("operations", "funding");
        settle(withdrawBatch(withdrawalOf(keys[0], 1e6)));
        TestWithdrawal memory next = withdrawalOf(keys[0], 1e6);
        next.seq = 2;
        settle(withdrawBatch(next));
        vm.snapshotGasLastCall("operations", "withdrawal");
    }

    function test_gas_budget_a() public {
        _distinct(1);
        _distinct(10);
        _distinct(50);
        _distinct(100);
        _distinct(200);
    }

    function test_gas_budget_b() public {
        _oneMaker(1);
        _oneMaker(10);
        _oneMaker(50);
        _oneMaker(100);
        _oneMaker(200);
    }

    function test_gas_budget_c() public {
        _oneMakerOrder(1);
        _oneMakerOrder(10);
        _oneMakerOrder(50);
        _oneMakerOrder(100);
        _oneMakerOrder(200);
    }

    function test_gas_budget_mixed() public {
        _mixed(1, 1, 1, 2);
        _mixed(10, 9, 3, 6);
        _mixed(50, 29, 22, 19);
        _mixed(100, 43, 52, 39);
        _mixed(200, 55, 97, 53);
    }

    // What a relayer sends: three publishers' prices and the mark before a mixed flow in that market.
    function test_gas_with_prices() public {
        _priced("priced", 10, 9, 3, 6, 0);
        _priced("priced", 50, 29, 22, 19, 0);
        _priced("priced", 100, 43, 52, 39, 0);
        _priced("priced", 200, 55, 97, 53, 0);
    }

    // The same in the first batch after an hour's funding, which everybody who trades settles.
    function test_gas_with_funding() public {
        _priced("funded", 10, 9, 3, 6, 1_000_000);
        _priced("funded", 50, 29, 22, 19, 1_000_000);
        _priced("funded", 100, 43, 52, 39, 1_000_000);
        _priced("funded", 200, 55, 97, 53, 1_000_000);
    }

    function _priced(
        string memory name,
        uint256 n,
        uint256 makers,
        uint256 takers,
        uint256 accounts,
        int64 funding
    ) private {
        uint256[] memory keys = _funded(accounts, n + uint256(uint64(funding)) + 9_000_000);
        for (uint32 seq = 1; seq <= 2; ++seq) {
            (TestOrder[] memory orders, TestFill[] memory fills) =
                _mixedFlow(n, makers, takers, keys, seq);
            for (uint256 i = 0; i < orders.length; ++i) {
                (orders[i].market, orders[i].expiry) = (OBSERVED, type(uint32).max);
            }
            int256 index = exchange.market(OBSERVED).fundingIndex;
            bytes memory batch = bytes.concat(
                Batches.header(nextBatch, nextBatch, funding == 0 ? 2 : 3),
                Batches.segment(Batches.KIND_PRICE, priceBody(3, MARK, MARK)),
                funding == 0
                    ? bytes("")
                    : Batches.segment(
                        Batches.KIND_FUNDING,
                        abi.encodePacked(uint8(1), OBSERVED, int64(index) + funding)
                    ),
                Batches.segment(
                    Batches.KIND_FILLS, Batches.fills(domain, TICK_E8, LOT_E8, orders, fills)
                )
            );
            if (seq == 1) settle(batch);
            else _record(string.concat(name, vm.toString(n)), batch);
            if (seq == 2) _shape(string.concat(name, vm.toString(n)), orders);
            pass(3600);
        }
    }

    // (a) every account distinct, every order new.
    function _distinct(uint256 n) private {
        uint256[] memory keys = _funded(2 * n, n);
        TestOrder[] memory orders = new TestOrder[](2 * n);
        TestFill[] memory fills = new TestFill[](n);
        for (uint256 i = 0; i < n; ++i) {
            orders[2 * i] = orderOf(keys[2 * i], 0, MARK, 10);
            orders[2 * i + 1] = orderOf(keys[2 * i + 1], 1, MARK, 10);
            fills[i] = TestFill(uint16(2 * i), uint16(2 * i + 1), 10);
        }
        _measure("a", n, orders, fills);
    }

    // (b) one maker account with an order for each of n takers.
    function _oneMaker(uint256 n) private {
        _makerAgainstTakers("b", n, n);
    }

    // (c) one maker order against n takers.
    function _oneMakerOrder(uint256 n) private {
        _makerAgainstTakers("c", n, 1);
    }

    function _makerAgainstTakers(string memory name, uint256 n, uint256 makerOrders) private {
        uint256[] memory keys = _funded(n + 1, n + 10_000 * makerOrders);
        TestOrder[] memory orders = new TestOrder[](n + makerOrders);
        TestFill[] memory fills = new TestFill[](n);
        for (uint256 i = 0; i < makerOrders; ++i) {
            orders[i] = orderOf(keys[0], 1, MARK, uint40(10 * n));
            orders[i].lane = uint16(i);
        }
        for (uint256 i = 0; i < n; ++i) {
            orders[makerOrders + i] = orderOf(keys[i + 1], 0, MARK, 10);
            fills[i] = TestFill(uint16(makerOrders + i), uint16(i % makerOrders), 10);
        }
        _measure(name, n, orders, fills);
    }

    // Toy flow: makers and takers share accounts; each account's orders stand in lanes of their own.
    function _mixed(uint256 n, uint256 makers, uint256 takers, uint256 accounts) private {
        uint256[] memory keys = _funded(accounts, n + 7_000_000);
        (TestOrder[] memory orders, TestFill[] memory fills) =
            _mixedFlow(n, makers, takers, keys, 1);
        _measure("mixedFirst", n, orders, fills);
        (orders, fills) = _mixedFlow(n, makers, takers, keys, 2);
        _measure("mixed", n, orders, fills);
    }

    function _mixedFlow(
        uint256 n,
        uint256 makers,
        uint256 takers,
        uint256[] memory keys,
        uint32 seq
    ) private view returns (TestOrder[] memory orders, TestFill[] memory fills) {
        uint256[] memory places;
        (orders, places) = _layOut(makers, makers + takers, keys, uint40(10 * n));
        for (uint256 i = 0; i < orders.length; ++i) {
            orders[i].seq = seq;
        }
        fills = new TestFill[](n);
        for (uint256 i = 0; i < n; ++i) {
            uint16 taker = uint16(places[makers + i * takers / n]);
            fills[i] = TestFill(taker, uint16(places[i * makers / n]), 1);
        }
    }

    // Order j belongs to account j % accounts: laid out account by account they come out sorted.
    function _layOut(uint256 makers, uint256 total, uint256[] memory keys, uint40 size)
        private
        view
        returns (TestOrder[] memory orders, uint256[] memory places)
    {
        orders = new TestOrder[](total);
        places = new uint256[](total);
        uint256 place = 0;
        for (uint256 account = 0; account < keys.length; ++account) {
            for (uint256 j = account; j < total; j += keys.length) {
                orders[place] = orderOf(keys[account], j < makers ? 1 : 0, MARK, size);
                orders[place].lane = uint16(j / keys.length);
                places[j] = place++;
            }
        }
    }

    // Accounts that have deposited before; `salt` keeps scenarios apart.
    function _funded(uint256 count, uint256 salt) private returns (uint256[] memory keys) {
        keys = new uint256[](count);
        address[] memory owners = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = uint256(keccak256(abi.encode(salt, i)));
            address owner = vm.addr(key);
            uint256 j = i;
            for (; j > 0 && owners[j - 1] > owner; --j) {
                owners[j] = owners[j - 1];
                keys[j] = keys[j - 1];
            }
            owners[j] = owner;
            keys[j] = key;
            exchange.depositFor(owner, 0, 1e10);
        }
    }

    function _measure(
        string memory name,
        uint256 n,
        TestOrder[] memory orders,
        TestFill[] memory fills
    ) private {
        _record(string.concat(name, vm.toString(n)), fillBatch(orders, fills));
        _shape(string.concat(name, vm.toString(n)), orders);
    }

    function _shape(string memory name, TestOrder[] memory orders) private {
        (uint256 accounts, uint256 laneSlots) = _slots(orders);
        vm.snapshotValue("shape", string.concat(name, " orders"), orders.length);
        vm.snapshotValue("shape", string.concat(name, " accounts"), accounts);
        vm.snapshotValue("shape", string.concat(name, " lane slots"), laneSlots);
    }

    function _record(string memory name, bytes memory batch) private {
        settle(batch);
        uint256 gasUsed = vm.snapshotGasLastCall("settle", name);
        assertTrue(gasUsed < 16_777_216, "fits one transaction (EIP-7825)");
        bytes memory data = abi.encodeCall(exchange.settle, (batch));
        uint256 dataGas = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            dataGas += data[i] == 0 ? 4 : 16;
        }
        vm.snapshotValue("shape", string.concat(name, " bytes"), data.length);
        vm.snapshotValue("shape", string.concat(name, " calldata"), dataGas);
    }

    // Storage words that the orders read and write: one for each account, and one for each three of its further lanes.
    function _slots(TestOrder[] memory orders)
        private
        pure
        returns (uint256 accounts, uint256 laneSlots)
    {
        for (uint256 i = 0; i < orders.length; ++i) {
            bool isNew = i == 0 || orders[i].key != orders[i - 1].key;
            if (isNew) ++accounts;
            if (orders[i].lane == 0) continue;
            bool sharesSlot = !isNew && orders[i - 1].lane != 0
                && orders[i - 1].lane / 3 == orders[i].lane / 3;
            if (!sharesSlot) ++laneSlots;
        }
    }
}
