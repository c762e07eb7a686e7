//! The network address a limit counts on.

/**
 * Key of a peer: IPv4 as it is (also when mapped into IPv6), IPv6 by its /64, since one host owns all of that.
 * Forwarding headers are not read: anybody can write them.
 */
export function addressKey(remote: string | undefined): string {
  if (remote === undefined) return 'unknown'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remote)
  if (mapped !== null) return mapped[1] ?? remote
  if (!remote.includes(':')) return remote
  const [head = '', tail = ''] = remote.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const zeros = Math.max(0, 8 - left.length - right.length)
  const groups = remote.includes('::')
    ? [...left, ...Array.from({ length: zeros }, () => '0'), ...right]
    : left
  return `${groups.slice(0, 4).join(':')}::/64`
}
