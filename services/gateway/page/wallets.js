//! Wallets of this browser: each announces itself (EIP-6963); one of before that is `window.ethereum`.

/** How long to wait for announcements before an older wallet is looked for. */
const announceMs = 300

/** Calls `onFound({ name, provider })` for each wallet, once, also for those that come later. */
export const findWallets = (onFound) => {
  const known = new Set()
  const found = (id, name, provider) => {
    if (known.has(id)) return
    known.add(id)
    onFound({ name, provider })
  }
  addEventListener('eip6963:announceProvider', ({ detail }) => {
    found(detail.info.uuid, detail.info.name, detail.provider)
  })
  dispatchEvent(new Event('eip6963:requestProvider'))
  setTimeout(() => {
    if (known.size === 0 && globalThis.ethereum)
      found('injected', 'Browser wallet', globalThis.ethereum)
  }, announceMs)
}

const domainTypes = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
]

/**
 * A wallet, connected: its account, on the exchange's chain, and how it signs. Wallets sign for the chain they are on only.
 *
 * @param signing what `GET /v1/signing` answers
 */
export const connectWallet = async (provider, signing) => {
  const { domain, types } = signing
  const [account] = await provider.request({ method: 'eth_requestAccounts' })
  const wanted = `0x${Number(domain.chainId).toString(16)}`
  const chainId = await provider.request({ method: 'eth_chainId' })
  if (Number(chainId) !== Number(domain.chainId))
    await provider.request({ method: 'wallet_switchEthereumChain', params: [{ chainId: wanted }] })
  const sign = (primaryType, message) => {
    const data = {
      domain,
      types: { EIP712Domain: domainTypes, [primaryType]: types[primaryType] },
      primaryType,
      message,
    }
    const params = [account, JSON.stringify(data)]
    return provider.request({ method: 'eth_signTypedData_v4', params })
  }
  return { account, sign }
}
