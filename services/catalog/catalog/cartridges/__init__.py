"""What other platforms export, read as a course: IMS Common Cartridge 1.0 to 1.3, thin ones too."""
