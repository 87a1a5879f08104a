"""Parts that several proxies use."""
