"""Where training happens elsewhere: what refuses data without a certificate in other people's loops."""
