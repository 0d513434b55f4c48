// Does nothing: a browser registers it only where it trusts the certificate of the page, and that is all that is asked.
