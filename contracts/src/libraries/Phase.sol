// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Bits of the exchange's phase, in the slot that every batch reads anyway.

// Somebody has frozen the exchange: nothing settles, everybody claims. It never ends.
uint8 constant FROZEN = 1;
// The guardian has asked for a pause; from when until when stands in ExitState.
uint8 constant PAUSING = 2;
// The set-up is over: what governs custody is timelocked, and deposits are open.
uint8 constant SEALED = 4;
