type Theme = 'light' | 'dark'

const key = 'parley-playground-theme'

/** Lets a button switch between light and dark. Until it is used, the page looks as the system does. */
export const connectThemeButton = (button: HTMLElement): void => {
  const system = matchMedia('(prefers-color-scheme: dark)')
  let chosen = readChosen()

  const render = () => {
    const theme = chosen ?? (system.matches ? 'dark' : 'light')
    const other = theme === 'dark' ? 'light' : 'dark'
    if (chosen !== undefined) document.documentElement.dataset['theme'] = chosen
    button.textContent = other === 'dark' ? 'Dark' : 'Light'
    button.setAttribute('aria-label', `Switch to the ${other} theme`)
    button.onclick = () => {
      chosen = other
      keepChosen(other)
      render()
    }
  }
  system.addEventListener('change', render)
  render()
}

// Storage is denied in some private windows; the choice then lasts as long as the page.
const readChosen = (): Theme | undefined => {
  try {
    const value = localStorage.getItem(key)
    return value === 'light' || value === 'dark' ? value : undefined
  } catch {
    return undefined
  }
}

const keepChosen = (theme: Theme): void => {
  try {
    localStorage.setItem(key, theme)
  } catch {
    // See above.
  }
}
