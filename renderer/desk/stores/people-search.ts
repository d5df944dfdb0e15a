import { create } from 'zustand'

/** What was searched for last, kept while signed in so that "back" finds the list as it was. A name is no part of a URL. */
export const usePeopleSearch = create<{ text: string }>()(() => ({ text: '' }))
export const setPeopleSearch = (text: string): void => usePeopleSearch.setState({ text })
