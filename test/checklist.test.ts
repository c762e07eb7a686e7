//! The sixty-three points that contract reviews find wrong elsewhere, each with the tests that answer it here. A test that
//! is renamed or removed fails this one.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const TWIN = 'packages/chain/src/settlement-twin.test.ts'
const SENDER = 'packages/chain/src/transaction-sender.test.ts'

/**
 * Number: what goes wrong, and the tests: `Suite.function` of contracts/test, or `path: title` (or a part of it).
 */
const CHECKLIST: Readonly<Record<number, readonly [string, ...string[]]>> = {
  1: ['sig_other_account', 'Orders.test_sig_other_account'],
  2: ['sig_zero', 'Orders.test_sig_zero', 'WalletKeys.test_wallet_1271_odd_answers'],
  3: ['sig_domain', 'Orders.test_sig_domain'],
  4: ['sig_malleable', 'Orders.testFuzz_sig_malleable'],
  5: ['replay', 'Orders.test_replay', 'Solvency.invariant_nothing_replays'],
  6: ['lane_monotone', 'Orders.testFuzz_lane_monotone', 'Edges.test_lane_monotone_in_one_segment'],
  7: ['expiry_edge', 'Orders.test_expiry_edge'],
  8: ['limit_by_one', 'Orders.testFuzz_limit_by_one', 'OrderKinds.testFuzz_limit_by_one_repricing'],
  9: ['field_tamper', 'Orders.testFuzz_field_tamper', 'Orders.test_typehash_equals_struct'],
  10: ['bad_pair', 'Orders.test_bad_pair', 'Orders.test_self_trade_nets_to_fees'],
  11: ['reduce_only', 'Orders.test_reduce_only', 'Orders.testFuzz_reduce_only_by_reordering'],
  12: ['fee_cap', 'Orders.test_fee_cap', 'Orders.testFuzz_fee_rounding'],
  13: ['flag_break', 'Orders.test_flag_break', 'Edges.test_flag_break_fok_over_segments'],
  14: [
    'key_abuse',
    'SessionKeys.test_key_abuse_limits',
    'RiskKeys.test_key_abuse_in_a_liquidation',
  ],
  15: ['wallet_1271', 'WalletKeys.test_wallet_1271_changes_answer'],
  16: [
    'calldata_malformed',
    'Format.testFuzz_calldata_malformed',
    'Format.testFuzz_calldata_truncated',
    'Format.testFuzz_calldata_trailing',
    'Format.test_false_counts',
    'Edges.test_calldata_malformed_segments',
  ],
  17: [
    'solvency',
    'Solvency.invariant_money_is_conserved',
    'Risk.invariant_money_is_conserved',
    'Exit.invariant_money_is_conserved',
  ],
  18: ['reentrancy', 'Custody.test_reentrancy', 'Payouts.test_reentrancy'],
  19: [
    'zero_sum',
    'Solvency.invariant_positions_sum_to_zero',
    'Risk.invariant_positions_sum_to_zero',
  ],
  20: [
    'double_entry',
    'Solvency.invariant_money_is_conserved',
    'Risk.invariant_money_is_conserved',
  ],
  21: ['pnl_partial', 'Margin.testFuzz_pnl_partial'],
  22: ['rounding_direction', 'Orders.testFuzz_fee_rounding', 'Funding.test_dust_goes_to_insurance'],
  23: ['rounding_farm', 'Edges.testFuzz_rounding_farm'],
  24: [
    'packing',
    'Margin.test_packing_extremes',
    'Edges.test_packing_cash_overflow',
    'Funding.test_funding_overflow',
  ],
  25: [
    'token_odd',
    'Custody.test_token_answers',
    'Custody.test_token_with_fee',
    'Custody.testFuzz_token_decimals',
  ],
  26: ['donation', 'Withdraw.test_donation'],
  27: ['price_forge', 'Prices.test_price_forge', 'Prices.testFuzz_minority', 'Prices.test_quorum'],
  28: [
    'price_stale',
    'Margin.test_price_stale',
    'Liquidation.test_price_stale_liquidation',
    'WithdrawRequests.test_price_stale',
  ],
  29: ['price_pick', 'Edges.testFuzz_price_pick', 'Exit.invariant_no_power_over_others'],
  30: ['funding_clamp', 'Funding.test_funding_clamp', 'Funding.testFuzz_funding_clamp_sum'],
  31: ['funding_sum', 'Funding.testFuzz_funding_sum', 'Funding.test_funding_order_independent'],
  32: ['thin_profit', 'WithdrawRequests.test_thin_profit'],
  33: ['margin_after', 'Margin.testFuzz_margin_after', 'Margin.test_reduced_and_no_worse'],
  34: [
    'self_liquidate',
    'Risk.invariant_liquidation_is_fair',
    'Liquidation.test_deposit_after_the_decision',
  ],
  35: ['split_accounts', 'Tiers.testFuzz_tier_margin', 'Tiers.test_margin_after_tiers'],
  36: [
    'liquidator_abuse',
    'Liquidation.test_liquidator_abuse',
    'Risk.invariant_liquidation_is_fair',
  ],
  37: ['liq_unpausable', 'Governance.test_liq_unpausable', 'Takeover.test_liq_unpausable_flagged'],
  38: [
    'liq_blocked',
    'Liquidation.test_liq_blocked_by_dust',
    'Liquidation.test_price_stale_liquidation',
  ],
  39: ['fund_as_victim', 'Liquidation.test_fund_as_victim_liquidation'],
  40: [
    'withdraw_under_position',
    'Withdraw.testFuzz_withdraw_under_position',
    'Withdraw.test_two_withdrawals_race',
  ],
  41: [
    'withdraw_redirect',
    'Withdraw.test_withdraw_redirect',
    'Exit.invariant_only_owners_are_paid',
  ],
  42: ['poison_pill', 'Transfers.test_poison_pill_pair', 'Payouts.test_poison_pill'],
  43: ['censor', 'Freezing.test_censor'],
  44: ['exit_before_settle', 'Edges.test_exit_before_settle'],
  45: [
    'force_drain',
    'ForcedReduction.testFuzz_force_drain',
    'Exit.invariant_no_power_over_others',
  ],
  46: ['freeze_grief', 'Freezing.test_freeze_grief', 'Freezing.test_freeze_grief_self_invalidated'],
  47: ['credit_frozen', 'Freezing.test_credit_frozen'],
  48: ['claim_fair', 'Freezing.testFuzz_claim_fair', 'Freezing.test_claim_once'],
  49: ['refreeze', 'Freezing.test_refreeze'],
  50: [
    'delay_exact',
    'Freezing.test_delay_exact',
    'ForcedReduction.test_delay_exact',
    'WithdrawRequests.test_delay_exact',
  ],
  51: [
    'loss_ladder',
    'Takeover.test_loss_ladder_insurance',
    'Takeover.testFuzz_loss_ladder_shares',
  ],
  52: ['delist', 'Delisting.test_delist_is_timelocked'],
  53: ['no_fast_power', 'Governance.test_no_fast_power', 'Exit.invariant_no_power_over_others'],
  54: ['upgrade', 'Governance.test_upgrade'],
  55: [
    'access_matrix',
    'Admin.testFuzz_access_matrix',
    'Governance.testFuzz_access_matrix',
    'Governance.testFuzz_open_functions',
  ],
  56: ['param_step', 'Admin.test_param_step', 'Governance.test_param_step'],
  57: ['listing_and_limits', 'Governance.test_listing_and_limits'],
  58: ['batch_block', 'Format.test_batch_block', 'Transfers.test_poison_pill_best_effort'],
  59: [
    'reorg',
    `${SENDER}: also after a reorganisation`,
    `${SENDER}: when its block is taken back`,
  ],
  60: ['twin', `${TWIN}: random batches`],
  61: [
    'gas_budget',
    'SettleGas.test_gas_budget_a',
    'SettleGas.test_gas_budget_c',
    'SettleGas.test_gas_budget_mixed',
  ],
  62: ['mev', 'Format.test_only_relayer'],
  63: ['slot_clash', 'Custody.testFuzz_slot_clash', 'SessionKeys.test_key_abuse_two_hats'],
}

const suites = new Map(
  readdirSync(join(root, 'contracts/test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.t.sol'))
    .map((path) => [
      path.replace(/^.*\//, '').replace('.t.sol', ''),
      readFileSync(join(root, 'contracts/test', path), 'utf8'),
    ]),
)

function exists(name: string): boolean {
  const [path = '', title] = name.split(': ')
  if (title !== undefined) return readFileSync(join(root, path), 'utf8').includes(title)
  const [suite = '', found] = name.split('.')
  return suites.get(suite)?.includes(`function ${found}(`) === true
}

describe('the checklist of the contract', () => {
  test('has its sixty-three points', () => {
    expect(Object.keys(CHECKLIST)).toEqual(Array.from({ length: 63 }, (_, i) => String(i + 1)))
  })

  test.each(Object.entries(CHECKLIST))('%s is answered by tests', (_, [, ...tests]) => {
    expect(tests.length).toBeGreaterThan(0)
    expect(tests.filter((name) => !exists(name))).toEqual([])
  })
})

test('every entry of the interfaces says what it is', () => {
  const folder = join(root, 'contracts/src/interfaces')
  const silent = readdirSync(folder).flatMap((name) => {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n')
    return lines.filter(
      (line, i) =>
        /^\s*(function|event|error|struct|interface)\b/.test(line) &&
        !/^\s*(\/\/\/|\*)/.test(lines[i - 1] ?? ''),
    )
  })
  expect(silent).toEqual([])
})
