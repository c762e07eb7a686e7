// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeAdmin, MarketListing} from "../../src/interfaces/IExchangeAdmin.sol";
import {ExitTerms, IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {IExchangeExtension} from "../../src/interfaces/IExchangeExtension.sol";
import {IExchangeGovernance} from "../../src/interfaces/IExchangeGovernance.sol";
import {Genesis, IExchangeBase, IPlumbExchange} from "../../src/interfaces/IPlumbExchange.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {ExitTest} from "../base/ExitTest.sol";

/// @notice Who may change what, and when. This contract is admin; its users have deposited.
contract GovernanceTest is ExitTest {
    address internal watch;

    function setUp() public override {
        super.setUp();
        watch = trader(300);
    }

    // 53, 50. Once somebody's money is here, custody waits for twice the freeze delay, to the second.
    function test_no_fast_power() public {
        assertTrue(exchange.isSealed(), "sealed by the first deposit");
        assertEq(exchange.timelockS(), 2 * FREEZE_DELAY_S, "longer than the exit window");
        address[] memory list = new address[](1);
        list[0] = trader(9);
        mustWait(abi.encodeCall(exchange.setPublishers, (list, 1)), 2 * FREEZE_DELAY_S);
        mustWait(abi.encodeCall(exchange.listMarket, (listing(9))), 2 * FREEZE_DELAY_S);
        mustWait(abi.encodeCall(exchange.setGuardian, (watch)), 2 * FREEZE_DELAY_S);
        mustWait(abi.encodeCall(exchange.setMargins, (OBSERVED, 600, 300)), DIRECT_DELAY_S);
        mustWait(abi.encodeCall(exchange.proposeAdmin, (trader(8))), 2 * FREEZE_DELAY_S);
    }

    // 53, 57. A listing and a new set of publishers in one block: both are seen two days before.
    function test_listing_and_limits() public {
        MarketListing memory fake = listingWithFixedMark(40, 1);
        vm.expectPartialRevert(IExchangeGovernance.NotScheduled.selector);
        exchange.listMarket(fake);
        exchange.schedule(abi.encodeCall(exchange.listMarket, (fake)));
        // Only the very call that everybody could read is made.
        fake.maxPositionLots *= 2;
        pass(2 * FREEZE_DELAY_S);
        vm.expectPartialRevert(IExchangeGovernance.NotScheduled.selector);
        exchange.listMarket(fake);
    }

    // Old approvals are not kept for later, and none is used twice.
    function test_a_schedule_ends() public {
        bytes memory call = abi.encodeCall(exchange.setGuardian, (watch));
        exchange.schedule(call);
        pass(2 * FREEZE_DELAY_S + 14 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.TooLate.selector, nowS, nowS - 1));
        exchange.setGuardian(watch);
        exchange.schedule(call);
        pass(2 * FREEZE_DELAY_S + 14 days);
        exchange.setGuardian(watch);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeGovernance.NotScheduled.selector, keccak256(call))
        );
        exchange.setGuardian(watch);
    }

    function test_guardian_takes_a_schedule_back() public {
        appointGuardian();
        bytes32 id = exchange.schedule(abi.encodeCall(exchange.listMarket, (listing(9))));
        assertEq(exchange.scheduledAt(id), nowS, "scheduled");
        vm.prank(watch);
        exchange.unschedule(id);
        assertEq(exchange.scheduledAt(id), 0, "gone");
        vm.expectRevert(abi.encodeWithSelector(IExchangeGovernance.NotScheduled.selector, id));
        exchange.unschedule(id);
    }

    // 55. Every function with a role refuses everybody without it, scheduled or not.
    function testFuzz_access_matrix(address caller) public {
        appointGuardian();
        vm.assume(caller != address(this) && caller != address(0) && caller != watch);
        bytes memory notAdmin = abi.encodeWithSelector(IExchangeAdmin.NotAdmin.selector, caller);
        bytes memory notGuardian =
            abi.encodeWithSelector(IExchangeGovernance.NotGuardian.selector, caller);
        bytes memory call = abi.encodeCall(exchange.setMargins, (OBSERVED, 600, 300));
        bytes32 id = exchange.schedule(call);
        pass(DIRECT_DELAY_S);
        refused(caller, notAdmin, call);
        refused(caller, notAdmin, abi.encodeCall(exchange.schedule, (call)));
        refused(caller, notAdmin, abi.encodeCall(exchange.setGuardian, (caller)));
        refused(caller, notGuardian, abi.encodeCall(exchange.unschedule, (id)));
        refused(caller, notGuardian, abi.encodeCall(exchange.pauseNewRisk, ()));
        refused(caller, notGuardian, abi.encodeCall(exchange.endPause, ()));
        refused(
            caller,
            abi.encodeWithSelector(IExchangeBase.NotRelayer.selector, caller),
            abi.encodeCall(exchange.settle, (emptyBatch()))
        );
        // The admin is no guardian, and the guardian no admin.
        refused(
            address(this),
            abi.encodeWithSelector(IExchangeGovernance.NotGuardian.selector, address(this)),
            abi.encodeCall(exchange.pauseNewRisk, ())
        );
        refused(watch, abi.encodeWithSelector(IExchangeAdmin.NotAdmin.selector, watch), call);
    }

    // 55. What anybody may call answers everybody, and pays nobody but the owner.
    function testFuzz_open_functions(address caller) public {
        vm.assume(caller != address(0) && caller != vm.addr(alice));
        requestWithdraw(alice, 1e6);
        pass(DIRECT_DELAY_S);
        uint256 before = usdc.balanceOf(caller);
        vm.prank(caller);
        exchange.claimWithdraw(vm.addr(alice), 0);
        assertEq(usdc.balanceOf(caller), before, "the caller gains nothing");
        assertEq(usdc.balanceOf(vm.addr(alice)), 1e6, "the owner is paid");
    }

    // 56. Margins move by a quarter at most, once a day, within what the arithmetic allows.
    function test_param_step() public {
        setMarginsRefused(626, 300, stepError("imBps", 500, 626));
        setMarginsRefused(374, 200, stepError("imBps", 500, 374));
        setMarginsRefused(600, 313, stepError("mmBps", 250, 313));
        setMarginsRefused(200, 201, listingError(OBSERVED, "mmBps"));
        setMarginsRefused(500, 0, listingError(OBSERVED, "mmBps"));
        setMarginsRefused(10_001, 1, listingError(OBSERVED, "imBps"));
        bytes memory unlisted = abi.encodeCall(exchange.setMargins, (9, 500, 250));
        exchange.schedule(unlisted);
        bytes memory beyond = abi.encodeCall(exchange.setMargins, (64, 500, 250));
        exchange.schedule(beyond);
        pass(DIRECT_DELAY_S);
        refused(address(this), listingError(9, "market"), unlisted);
        refused(address(this), listingError(64, "market"), beyond);

        bytes memory call = abi.encodeCall(exchange.setMargins, (OBSERVED, 625, 312));
        exchange.schedule(call);
        pass(DIRECT_DELAY_S);
        exchange.setMargins(OBSERVED, 625, 312);
        assertEq(exchange.market(OBSERVED).imBps, 625, "im");
        assertEq(exchange.market(OBSERVED).mmBps, 312, "mm");
        uint256 next = nowS + 1 days;
        exchange.schedule(call);
        pass(1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, next));
        exchange.setMargins(OBSERVED, 625, 312);
    }

    // 37. A pause stops new risk, from the settlement lag on; everything that leads out goes on.
    function test_liq_unpausable() public {
        appointGuardian();
        open(1_000);
        vm.prank(watch);
        exchange.pauseNewRisk();
        (uint64 from, uint64 until) = exchange.pauseTimes();
        assertEq(from, nowS + LAG_S, "R1: what was matched before still settles");
        assertEq(until, from + 3 days, "and it ends");
        pass(LAG_S - 1);
        trade(FIXED, bob, carol, 10);
        pass(1);
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.NOT_SETTLEABLE, 0, 1
            )
        );
        this.tradeFor(bob, carol, 10);
        trade(FIXED, bob, alice, 400); // alice's long and bob's short shrink
        assertEq(sizeOf(alice, FIXED), 600, "reduced");
        settle(withdrawBatch(withdrawalOf(carol, 1e6)));
        deposit(carol, 1e6);
        requestWithdraw(carol, 1e6);
        forceReduce(alice, FIXED, 600, type(uint64).max);
        pass(FORCE_DELAY_S);
        exchange.claimWithdraw(vm.addr(carol), 0);
        execute(alice, FIXED);
        assertEq(cashOf(alice), 0, "out");
    }

    // The guardian cannot hold the market for ever.
    function test_a_pause_ends_and_rests() public {
        appointGuardian();
        vm.prank(watch);
        exchange.pauseNewRisk();
        (, uint64 until) = exchange.pauseTimes();
        pass(until - nowS - 1);
        vm.expectPartialRevert(BatchCodes.BatchRejected.selector);
        this.tradeFor(bob, carol, 10);
        pass(1);
        trade(FIXED, bob, carol, 10);
        vm.prank(watch);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, until + 3 days)
        );
        exchange.pauseNewRisk();
        pass(3 days);
        vm.prank(watch);
        exchange.pauseNewRisk();
        pass(LAG_S);
        exchange.endPause();
        trade(FIXED, bob, carol, 10);
        (uint64 from,) = exchange.pauseTimes();
        assertEq(from, 0, "ended");
    }

    // 54. There is nothing to upgrade: the parts are bound to each other at deployment, and by themselves hold nothing.
    function test_upgrade() public {
        Genesis memory genesis = genesisOf(address(usdc));
        bytes memory wrong = abi.encodeWithSignature("WrongExtension(address)", address(this));
        address risk =
            deploy("RiskExtension.sol:RiskExtension", abi.encode(genesis, address(exchange)));
        extensionOf = address(1);
        genesisHash = keccak256(abi.encode(genesis));
        vm.expectRevert(wrong);
        this.deployCore(genesis);
        extensionOf = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        genesisHash = bytes32(0);
        vm.expectRevert(wrong);
        this.deployCore(genesis);

        address governance = deploy(
            "ExchangeGovernance.sol:ExchangeGovernance",
            abi.encode(genesis, exitTerms(), address(exchange), risk)
        );
        vm.expectRevert(abi.encodeWithSelector(IExchangeAdmin.NotAdmin.selector, address(this)));
        IPlumbExchange(governance).setRelayer(address(this), true);
        assertEq(IPlumbExchange(governance).admin(), address(0), "nobody's");
        (bool ok,) = governance.call(abi.encodeCall(exchange.settle, (emptyBatch())));
        assertTrue(!ok, "an unknown function ends here");
        assertEq(IExchangeExtension(governance).extensionOf(), address(exchange), "bound");
        // No function of the exchange takes an implementation, an initializer or foreign code.
        (ok,) = address(exchange).call(abi.encodeWithSignature("initialize()"));
        assertTrue(!ok, "initialize");
        (ok,) = address(exchange).call(abi.encodeWithSignature("upgradeTo(address)", address(1)));
        assertTrue(!ok, "upgrade");
    }

    address public extensionOf;
    bytes32 public genesisHash;

    function deployCore(Genesis memory genesis) external {
        deploy("PlumbExchange.sol:PlumbExchange", abi.encode(genesis, address(this)));
    }

    // 56. Terms outside of what was promised do not deploy.
    function test_terms_are_bounded() public {
        ExitTerms memory terms = exitTerms();
        terms.directDelayS = LAG_S;
        termsRefused(terms, "directDelayS");
        terms.directDelayS = 3_601;
        termsRefused(terms, "directDelayS");
        terms = exitTerms();
        terms.forceDelayS = terms.directDelayS - 1;
        termsRefused(terms, "forceDelayS");
        terms = exitTerms();
        terms.freezeDelayS = terms.forceDelayS;
        termsRefused(terms, "freezeDelayS");
        terms.freezeDelayS = 7 days + 1;
        termsRefused(terms, "freezeDelayS");
        terms = exitTerms();
        terms.claimPeriodS = 1 days - 1;
        termsRefused(terms, "claimPeriodS");
        terms.claimPeriodS = 30 days + 1;
        termsRefused(terms, "claimPeriodS");
        terms = exitTerms();
        terms.forceFeePpm = 15_001;
        termsRefused(terms, "forceFeePpm");
        terms = exitTerms();
        terms.forceBlockQuote = 0;
        termsRefused(terms, "forceBlockQuote");
        Genesis memory genesis = genesisOf(address(usdc));
        genesis.backstop = address(0);
        vm.expectRevert(abi.encodeWithSelector(IExchangeBase.InvalidOwner.selector, address(0)));
        this.deployWith(genesis, exitTerms());
        ExitTerms memory kept = exchange.exitTerms();
        assertEq(keccak256(abi.encode(kept)), keccak256(abi.encode(exitTerms())), "as deployed");
        assertEq(exchange.backstop(), vm.addr(backstopKey()), "backstop");
        assertEq(exchange.lastBatchTime(), nowS, "a new exchange counts from its first block");
    }

    // 47. A frozen exchange obeys nobody.
    function test_frozen_obeys_nobody() public {
        bytes memory call = abi.encodeCall(exchange.setMargins, (OBSERVED, 600, 300));
        exchange.schedule(call);
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        refused(address(this), abi.encodeWithSelector(IExchangeExit.Frozen.selector), call);
    }

    function tradeFor(uint256 buyer, uint256 seller, uint40 size) external {
        trade(FIXED, buyer, seller, size);
    }

    function deployWith(Genesis memory genesis, ExitTerms memory terms) external {
        deployExchange(genesis, terms);
    }

    function appointGuardian() internal {
        exchange.schedule(abi.encodeCall(exchange.setGuardian, (watch)));
        pass(2 * FREEZE_DELAY_S);
        settle(emptyBatch());
        exchange.setGuardian(watch);
        assertEq(exchange.guardian(), watch, "guardian");
    }

    function mustWait(bytes memory call, uint256 delay) internal {
        bytes32 id = keccak256(call);
        refused(
            address(this),
            abi.encodeWithSelector(IExchangeGovernance.NotScheduled.selector, id),
            call
        );
        exchange.schedule(call);
        pass(delay - 1);
        refused(
            address(this),
            abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, nowS + 1),
            call
        );
        pass(1);
        (bool ok,) = address(exchange).call(call);
        assertTrue(ok, "carried out");
    }

    function refused(address caller, bytes memory reason, bytes memory call) internal {
        vm.prank(caller);
        (bool ok, bytes memory answer) = address(exchange).call(call);
        assertTrue(!ok, "refused");
        assertEq(keccak256(answer), keccak256(reason), "reason");
    }

    function setMarginsRefused(uint16 imBps, uint16 mmBps, bytes memory reason) internal {
        bytes memory call = abi.encodeCall(exchange.setMargins, (OBSERVED, imBps, mmBps));
        exchange.schedule(call);
        pass(DIRECT_DELAY_S);
        refused(address(this), reason, call);
    }

    function termsRefused(ExitTerms memory terms, string memory field) internal {
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.InvalidTerms.selector, field));
        this.deployWith(genesisOf(address(usdc)), terms);
    }

    function stepError(string memory field, uint256 from, uint256 to)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IExchangeGovernance.StepTooLarge.selector, OBSERVED, field, from, to
        );
    }

    function listingError(uint8 market, string memory field) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IExchangeAdmin.InvalidListing.selector, market, field);
    }
}
