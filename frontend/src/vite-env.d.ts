/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Where the API is, if not where the page comes from. */
  readonly VITE_API_BASE?: string;
}
