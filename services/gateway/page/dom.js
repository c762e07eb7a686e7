//! The few things done with the document. Text only: nothing from the network is ever parsed as markup.

export const byId = (id) => document.getElementById(id)

/** Sets text only when it changed, so that selections and screen readers are left in peace. */
export const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text
}

export const make = (tag, className = '', text = '') => {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text) node.textContent = text
  return node
}

/** Makes `parent` hold exactly `count` children, made by `create`. */
export const children = (parent, count, create) => {
  while (parent.children.length > count) parent.lastElementChild.remove()
  while (parent.children.length < count) parent.append(create())
  return [...parent.children]
}

/** A table row of `cells` empty cells; `text` lists the left-aligned ones. */
export const tableRow = (cells, text = []) => {
  const row = make('tr')
  for (let i = 0; i < cells; i++) row.append(make('td', text.includes(i) ? 'text' : ''))
  return row
}

export const fill = (row, texts) => {
  for (const [i, text] of texts.entries()) if (text !== undefined) setText(row.children[i], text)
}
